#pragma once

// Where the programs' records and registered models are: a journal on this disk, or an MLflow server. The one place of
// the programs that knows MLflow, in a unit of its own: including sockets costs seconds.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <riskflag/track/journal_reader.hpp>
#include <riskflag/track/logger.hpp>
#include <riskflag/track/registry.hpp>

namespace program {

/// "journal:DIR" or "http(s)://HOST:PORT", from a flag or, when that is empty, from MLFLOW_TRACKING_URI.
struct TrackingPlace {
  std::string journal;  ///< directory: where records go, for a server too
  std::string server;   ///< empty: none
};
/// nullopt when neither the flag nor the variable names a place. Throws Error(usage) for what is none.
[[nodiscard]] std::optional<TrackingPlace> find_tracking_place(const std::string& flag);

/// Throws Error(not_found) for a journal that is not there, and for a directory of other things.
void require_place(const TrackingPlace& place);

/// A logger for a place, and what it told about records that changed on their way.
[[nodiscard]] std::unique_ptr<riskflag::track::Logger> open_logger(const TrackingPlace& place, bool required,
                                                                   std::function<void(const std::string&)> told);
/// The version that a server gave to version `local` of a model in the journal's registry; nullopt for a journal alone.
[[nodiscard]] std::optional<std::uint64_t> server_version(riskflag::track::Logger& logger, const std::string& name,
                                                          std::uint64_t local);

/// Whether a server that does not answer is asked again, as often as MLflow's variables say.
enum class Asked { again, once };
/// The registry of a place: the server's, or the journal's own.
[[nodiscard]] std::unique_ptr<riskflag::track::Registry> open_registry(const TrackingPlace& place,
                                                                       Asked asked = Asked::again);

/// A model directory for --model: itself, or what models:/NAME@ALIAS and models:/NAME/VERSION mean at `tracking`.
struct ModelPlace {
  std::string directory;
  std::string name, version;  ///< of the registry; empty for a plain directory
};
[[nodiscard]] ModelPlace find_model(const std::string& model, const std::string& tracking,
                                    const std::function<void(const std::string&)>& told);

/// At most `limit` runs that match (track::RunFilter's words), best first by `sort` if that is given, else the newest
/// first. Throws Error(not_found) for an experiment or a key of the filter that is not there. `told` hears of lines of
/// a journal that were left out.
[[nodiscard]] std::vector<riskflag::track::RunRecord> find_runs(const TrackingPlace& place,
                                                                const std::string& experiment,
                                                                const std::string& filter, const std::string& sort,
                                                                std::size_t limit,
                                                                const std::function<void(const std::string&)>& told);
/// The run that made this model directory, under the id that the place knows it by; empty where no journal tells of
/// one.
[[nodiscard]] std::string run_of_model(const TrackingPlace& place, const std::string& model);

/// Tells a journal to a server: runs, metrics, files, models, aliases. Gives the number of runs that had news.
std::uint64_t sync_journal(const std::string& journal, const std::string& server,
                           const std::function<void(const std::string&)>& told, std::stop_token stop);

}  // namespace program
