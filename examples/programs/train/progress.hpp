#pragma once

// How a study's progress looks: one moving line on a terminal, a line now and then elsewhere.

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

#include <riskflag/core/file.hpp>
#include <riskflag/study/hooks.hpp>

namespace program {

/// The text of a moving line, shorter than `columns`: a line that wraps cannot be drawn over again. A narrow terminal
/// gets a shorter bar, then less of what stands behind it.
inline std::string progress_line(std::string label, double fraction, const std::string& tail, std::size_t columns) {
  constexpr std::size_t kLabel = 8;  // "evaluate"
  const std::size_t width = columns >= 100 ? 24 : 10;
  label.resize(std::max(label.size(), kLabel), ' ');
  std::string bar(static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width)), '#');
  bar.resize(width, '.');
  std::string line = label + " [" + bar + "] " + tail;
  if (line.size() >= columns) line.resize(columns - 1);
  return line;
}

/// Life: 1. constructed; 2. show() from any thread; 3. finish() before other text goes to stderr (say() does it for a
/// line of its own).
class ProgressPrinter {
 public:
  explicit ProgressPrinter(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

  void show(const riskflag::study::Progress& progress) {
    if (quiet_) return;
    const std::lock_guard lock(mutex_);
    const std::string name = phase_name(progress);
    const std::int64_t now = riskflag::monotonic_ns();
    if (name != phase_) {
      end_line();
      phase_ = name;
      began_ = now;
      shown_ = 0;
      step_ = 0;
      if (!terminal_) std::fprintf(stderr, "%s\n", name.c_str());
    }
    if (terminal_) {
      constexpr std::int64_t kTenthOfASecond = 100'000'000;
      if (shown_ != 0 && now - shown_ < kTenthOfASecond && progress.fraction < 1) return;
      shown_ = now;
      draw(progress, static_cast<double>(now - began_) * 1e-9);
    } else if (progress.iteration > 0) {
      const int step =
          progress.iteration * 10 / std::max(1, progress.iterations);  // a line for every tenth of the rounds
      if (step <= step_ && progress.iteration != 1) return;
      step_ = step;
      std::fprintf(stderr, "  %s\n", rounds(progress).c_str());
    }
  }
  void say(std::string_view line) {
    if (quiet_) return;
    const std::lock_guard lock(mutex_);
    end_line();
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
  void finish() {
    const std::lock_guard lock(mutex_);
    end_line();
  }

 private:
  static std::string phase_name(const riskflag::study::Progress& progress) {
    std::string name(progress.phase);
    if (progress.folds > 0)
      name += " (fold " + std::to_string(progress.fold) + " of " + std::to_string(progress.folds) + ")";
    return name;
  }
  static std::string rounds(const riskflag::study::Progress& progress) {
    char text[160];
    if (progress.metric.empty()) {
      std::snprintf(text, sizeof text, "round %d of %d", progress.iteration, progress.iterations);
    } else {
      std::snprintf(text, sizeof text, "round %d of %d, %.*s %.5f", progress.iteration, progress.iterations,
                    static_cast<int>(progress.metric.size()), progress.metric.data(), progress.value);
    }
    return text;
  }
  void draw(const riskflag::study::Progress& progress, double seconds) {
    std::string tail;
    if (progress.iteration > 0) tail = rounds(progress);
    if (progress.fraction > 0.02 && progress.fraction < 1 && seconds > 0.5) {
      char eta[48];
      std::snprintf(eta, sizeof eta, "%s%.0f s left", tail.empty() ? "" : ", ",
                    seconds / progress.fraction * (1 - progress.fraction));
      tail += eta;
    }
    std::fprintf(stderr, "\r%s\033[K", progress_line(phase_, progress.fraction, tail, columns()).c_str());
    open_line_ = true;
  }
  /// Of the terminal as it is now; 80 where it does not say.
  static std::size_t columns() {
    winsize size = {};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }
  void end_line() {
    if (open_line_) std::fputc('\n', stderr);
    open_line_ = false;
  }

  bool quiet_, terminal_;
  std::mutex mutex_;
  std::string phase_;
  std::int64_t began_ = 0, shown_ = 0;
  int step_ = 0;
  bool open_line_ = false;
};

}  // namespace program
