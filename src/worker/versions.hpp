// Versions of the outputs: which there are, and which one is read. Rows of the state table: proto/state.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "guidepost/ports/table_store.hpp"

namespace guidepost::worker {

/// What was published last. Before anything was: version 1, by nobody.
struct Published {
  std::uint64_t number = 0;     ///< how often something was published
  std::uint32_t version = 1;
  std::uint32_t previous = 0;   ///< the version that was read before it; 0: none
  bool operator==(const Published&) const = default;
};

/// One time that something was published, as it is remembered.
struct Publication {
  Published what;
  TimeMs when;
};
/// The latest ones; of those before nothing is known any more.
inline constexpr std::uint64_t kPublicationsKept = 64;

/// A version that a replay made. (The first one was made by `init`, and has no row.)
struct VersionRecord {
  std::uint32_t version = 0;
  std::string from;                 ///< where it began, in words
  std::optional<std::uint32_t> base;  ///< the version that decided what lies below its floors
  std::optional<TimeMs> planned;      ///< when its floors were written: before that only its number is taken
  std::optional<TimeMs> copied;       ///< with a base: when everything below the floors had been copied from it
  std::optional<RunId> least_run;   ///< the mapping that holds at least; nothing: the markers alone
  std::optional<std::string> merchant;  ///< only whose records were decided again; nothing: everybody's
  std::optional<std::string> until;     ///< only below it: `offset N`, or Unix milliseconds
  std::optional<std::uint32_t> rest;  ///< with one of these: the version that decided the rest
  std::optional<RulesHash> filled_by;  ///< by which rules its blocks are decided, once one may have been written
  std::optional<TimeMs> filled;       ///< and when they all had been
  TimeMs made;
  std::optional<TimeMs> caught_up;  ///< when it had applied all that was there, the first time
  std::optional<TimeMs> dropped;
};

/// Thread: any. Blocks: never. Errors of all calls: those of TableStore; kCorrupt.
class VersionTable {
 public:
  VersionTable(TableStore& tables, const Names& names) : tables_(tables), table_(names.state()) {}

  void published(Completion<Published> done);
  /// Makes `version` the one that is read, if `seen` is still what was published last: false where it is not.
  void publish(const Published& seen, std::uint32_t version, TimeMs when, Completion<bool> done);
  /// In their order.
  void publications(Completion<std::vector<Publication>> done);

  /// In order of their numbers.
  void versions(Completion<std::vector<VersionRecord>> done);
  void version(std::uint32_t number, Completion<std::optional<VersionRecord>> done);
  /// Takes the number. False: there is one of that number.
  void make(const VersionRecord& record, Completion<bool> done);
  /// Says what the version is, once its floors are written.
  void set_planned(const VersionRecord& record, TimeMs when, Completion<void> done);
  void set_copied(std::uint32_t version, TimeMs when, Completion<void> done);
  void set_filled_by(std::uint32_t version, RulesHash rules, Completion<void> done);
  void set_filled(std::uint32_t version, TimeMs when, Completion<void> done);
  void set_caught_up(std::uint32_t version, TimeMs when, Completion<void> done);
  void set_dropped(std::uint32_t version, TimeMs when, Completion<void> done);
  /// Where a source's chain begins in a version. `commit`: what ingest of its base had committed there (IngestCommit);
  /// empty where it has no base.
  void set_floor(std::uint32_t version, SourceId source, Offset floor, std::string commit, Completion<void> done);

 private:
  struct Listing;
  TableStore& tables_;
  std::string table_;
};

}  // namespace guidepost::worker
