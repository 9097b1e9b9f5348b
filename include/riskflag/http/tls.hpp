#pragma once

// https:// for clients. A door of its own: it needs OpenSSL, and target riskflag::tls.

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <riskflag/core/error.hpp>
#include <riskflag/http/connection.hpp>
#include <riskflag/http/plain.hpp>

namespace riskflag::inline v0_1::http {

struct TlsOptions {
  bool verify = true;                       ///< the certificate's chain and its name
  std::string ca_file{};                    ///< PEM of the authorities to trust instead of the system's
  std::string client_file{};                ///< PEM with a certificate and its key, shown to a server that asks
  std::string ca_name = "ca_file";          ///< what its user calls `ca_file`: an option or a variable, for messages
  std::string client_name = "client_file";  ///< the same for `client_file`
};

namespace detail {

struct TlsLink {
  using Stream = boost::beast::ssl_stream<boost::beast::tcp_stream>;
  std::shared_ptr<boost::asio::ssl::context> context;
  TlsOptions options;
  std::shared_ptr<bool> asked = std::make_shared<bool>();  ///< the server has asked for our certificate

  Stream make(boost::asio::io_context& io, const Url& url) const {
    Stream stream(io, *context);
    *asked = false;
    const auto note = [](SSL*, void* seen) {
      *static_cast<bool*>(seen) = true;
      return 1;  // go on
    };
    SSL_set_cert_cb(stream.native_handle(), note, asked.get());
    boost::system::error_code ignored;
    const bool literal = !boost::asio::ip::make_address(url.host, ignored).is_unspecified() && !ignored;
    if (!literal) SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());  // RFC 6066: names only
    if (options.verify) {
      stream.set_verify_mode(boost::asio::ssl::verify_peer);
      stream.set_verify_callback(boost::asio::ssl::host_name_verification(url.host));
    } else {
      stream.set_verify_mode(boost::asio::ssl::verify_none);
    }
    return stream;
  }
  static boost::beast::tcp_stream& lowest(Stream& stream) { return boost::beast::get_lowest_layer(stream); }
  template <class Done>
  static void async_open(Stream& stream, Done done) {
    stream.async_handshake(boost::asio::ssl::stream_base::client, done);
  }
  std::string refusal(Stream& stream, const boost::system::error_code& problem) const {
    const bool by_tls = problem.category() == boost::asio::error::get_ssl_category();
    const int reason = by_tls ? ERR_GET_REASON(static_cast<unsigned long>(problem.value())) : 0;
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
      const long found = SSL_get_verify_result(stream.native_handle());
      if (found == X509_V_OK || found == X509_V_ERR_UNSPECIFIED) {  // the chain is good: host_name_verification said no
        return "the server's certificate is not accepted: it is made out to another host";
      }
      return "the server's certificate is not accepted: " + std::string(X509_verify_cert_error_string(found)) + "; " +
             options.ca_name + " names a PEM file of the authorities to trust";
    }
    if (reason == SSL_R_WRONG_VERSION_NUMBER) return "the server does not speak TLS; is http:// meant?";
    if (!by_tls || !*asked) return {};
    if (options.client_file.empty()) {
      return "the server asks its clients for a certificate; " + options.client_name +
             " names a PEM file with one and its key";
    }
    return "the server does not accept the certificate in " + options.client_file + " (" + options.client_name +
           "): " + problem.message();
  }
};

}  // namespace detail

/// A Connector for http:// and https:// (TLS 1.2 and later). Reads the files of `tls` now; throws Error(invalid_option)
/// for one that is none.
[[nodiscard]] inline Connector connector_with_tls(const TlsOptions& tls) {
  namespace ssl = boost::asio::ssl;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  boost::system::error_code problem;
  const auto check = [&](const std::string& file, const char* what) {
    if (problem) fail(ErrorCode::invalid_option, file, std::string("is no ") + what + ": " + problem.message());
  };
  context->set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, problem);
  if (!tls.ca_file.empty()) {
    context->load_verify_file(tls.ca_file, problem);
    check(tls.ca_file, "PEM file of certificate authorities");
  } else {
    context->set_default_verify_paths(problem);
  }
  if (!tls.client_file.empty()) {
    context->use_certificate_chain_file(tls.client_file, problem);
    check(tls.client_file, "PEM file with a certificate");
    context->use_private_key_file(tls.client_file, ssl::context::pem, problem);
    check(tls.client_file, "PEM file with a private key");
  }
  return [context, tls](const Url& url, const ConnectionOptions& options) {
    if (url.scheme != "https") return connect_plain(url, options);
    std::unique_ptr<Connection> made =
        std::make_unique<detail::StreamConnection<detail::TlsLink>>(url, options, detail::TlsLink{context, tls});
    return made;
  };
}

}  // namespace riskflag::inline v0_1::http
