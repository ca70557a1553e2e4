#include "identity/mapping_file.hpp"

#include <simdjson.h>

#include <algorithm>

#include "base/ascii.hpp"
#include "base/names.hpp"
#include "base/text.hpp"
#include "event/time_text.hpp"
#include "identity/mapping.hpp"
#include "identity/record_reader.hpp"

namespace guidepost::identity {
namespace {

enum Column : std::size_t { kGuid, kCustomer, kValidFrom, kMerchant, kColumns };
constexpr std::array<std::string_view, kColumns> kNames{"guid", "customer", "valid_from", "merchant"};
constexpr std::string_view kKnownNames = "known are guid, customer, valid_from, merchant";

std::size_t column_of(std::string_view name) {
  return static_cast<std::size_t>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r") == text.npos; }

}  // namespace

std::optional<std::string> merchant_slug(std::string_view text) {
  auto slug = ascii::lowered(text);
  return is_merchant_slug(slug) ? std::optional(std::move(slug)) : std::nullopt;
}

struct MappingFile::Impl {
  Impl(std::istream& in, MappingFileOptions o) : options(std::move(o)), records(in) {}

  MappingFileOptions options;
  RecordReader records;
  enum class Format : std::uint8_t { kUnknown, kCsv, kJson } format = Format::kUnknown;

  std::string merchant;                      // lower-cased
  std::array<std::string_view, kColumns> values;
  std::vector<std::string_view> fields;      // of a CSV record, into csv_memory
  std::string csv_memory;
  std::vector<std::size_t> columns;          // of the CSV header: which value a field is
  simdjson::ondemand::parser json;

  Result<void> begin();
  Result<void> read_header();
  std::string read_csv();
  std::string read_json();
  std::string read_json_value(std::size_t column, simdjson::ondemand::value value);
  Item read_record();
  Item checked();
  BadLine bad(std::string reason) const { return {records.line(), std::move(reason)}; }
};

MappingFile::MappingFile(std::istream& in, MappingFileOptions options)
    : impl_(std::make_unique<Impl>(in, std::move(options))) {}

MappingFile::~MappingFile() = default;

std::uint64_t MappingFile::bytes_read() const { return impl_->records.bytes_read(); }

Result<std::optional<MappingFile::Item>> MappingFile::next() {
  auto& records = impl_->records;
  if (impl_->format == Impl::Format::kUnknown) {
    if (auto begun = impl_->begin(); !begun) return tl::unexpected(begun.error());
  }
  const auto kind = impl_->format == Impl::Format::kCsv ? RecordReader::Kind::kCsv : RecordReader::Kind::kLine;
  while (records.next(kind)) {
    if (!is_blank(records.text())) return impl_->read_record();
  }
  if (records.failed()) return fail(ErrorCode::kFailed, "the mapping file cannot be read any further");
  return std::nullopt;
}

Result<void> MappingFile::Impl::begin() {
  const int first = records.peek_first();
  format = first == '{' ? Format::kJson : Format::kCsv;
  if (records.failed()) return fail(ErrorCode::kFailed, "the mapping file cannot be read");
  if (first < 0 || format == Format::kJson) return {};
  return read_header();
}

Result<void> MappingFile::Impl::read_header() {
  const auto refuse = [](std::string why) {
    return fail(ErrorCode::kInvalidArgument, "the header of the mapping file: " + std::move(why));
  };
  records.next(RecordReader::Kind::kCsv);
  const auto reason = split_csv(records.text(), csv_memory, fields);
  if (!reason.empty() || records.too_long()) return refuse(reason.empty() ? "too long" : std::string(reason));
  for (const auto name : fields) {
    const auto column = column_of(name);
    if (column == kColumns) {
      return refuse("`" + text::escape(name.substr(0, 64)) + "` is no column; " + std::string(kKnownNames));
    }
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return refuse("`" + std::string(name) + "` is there twice");
    }
    columns.push_back(column);
  }
  for (const auto needed : {kGuid, kCustomer}) {
    if (std::find(columns.begin(), columns.end(), needed) == columns.end()) {
      return refuse("the column `" + std::string(kNames[needed]) + "` is missing; " + std::string(kKnownNames));
    }
  }
  return {};
}

MappingFile::Item MappingFile::Impl::read_record() {
  if (records.too_long()) return bad("longer than " + text::bytes(RecordReader::kMaxRecord));
  if (!simdjson::validate_utf8(records.text())) return bad("not UTF-8");
  values = {};
  auto reason = format == Format::kCsv ? read_csv() : read_json();
  if (!reason.empty()) return bad(std::move(reason));
  return checked();
}

std::string MappingFile::Impl::read_csv() {
  if (records.unclosed()) return "a quote is not closed";
  if (const auto reason = split_csv(records.text(), csv_memory, fields); !reason.empty()) return std::string(reason);
  if (fields.size() != columns.size()) {
    return std::to_string(fields.size()) + " fields under " + std::to_string(columns.size()) + " columns";
  }
  for (std::size_t i = 0; i < fields.size(); ++i) values[columns[i]] = fields[i];
  return {};
}

std::string MappingFile::Impl::read_json() {
  using namespace simdjson;
  auto& text = records.text();
  text.reserve(text.size() + SIMDJSON_PADDING);
  ondemand::document document;
  ondemand::object object;
  if (json.iterate(padded_string_view(text, text.capacity())).get(document) != SUCCESS ||
      document.get_object().get(object) != SUCCESS) {
    return "not a JSON object";
  }
  std::array<bool, kColumns> seen{};
  for (auto field : object) {
    std::string_view name;
    if (field.error() != SUCCESS || field.unescaped_key().get(name) != SUCCESS) return "not a JSON object";
    const auto column = column_of(name);
    if (column == kColumns)
      return "`" + text::escape(name.substr(0, 64)) + "` is no field; " + std::string(kKnownNames);
    if (std::exchange(seen[column], true)) return "`" + std::string(name) + "` is there twice";
    if (auto reason = read_json_value(column, field.value()); !reason.empty()) return reason;
  }
  if (document.current_location().error() != OUT_OF_BOUNDS) return "something follows the JSON object";
  if (!seen[kCustomer]) return "`customer` is missing (null: nobody's from then on)";
  return {};
}

/// Strings; null where a field may be absent; valid_from also as a number.
std::string MappingFile::Impl::read_json_value(std::size_t column, simdjson::ondemand::value value) {
  using namespace simdjson;
  const auto name = std::string(kNames[column]);
  ondemand::json_type type{};
  if (value.type().get(type) != SUCCESS) return "not a JSON object";
  if (type == ondemand::json_type::string) {
    return value.get_string().get(values[column]) == SUCCESS ? std::string() : "`" + name + "` is not a valid string";
  }
  bool is_null = false;
  if (type == ondemand::json_type::null && value.is_null().get(is_null) == SUCCESS && is_null) return {};
  if (column == kValidFrom && type == ondemand::json_type::number) {
    values[column] = value.raw_json_token();
    while (!values[column].empty() && values[column].back() <= ' ') values[column].remove_suffix(1);
    return {};
  }
  return "`" + name + "` must be a string";
}

MappingFile::Item MappingFile::Impl::checked() {
  const auto too_long = [&](Column column) { return values[column].size() > options.id_bytes; };
  for (const auto column : {kGuid, kCustomer}) {
    if (too_long(column)) {
      return bad("`" + std::string(kNames[column]) + "` is longer than " + std::to_string(options.id_bytes) + " bytes");
    }
  }
  if (values[kGuid].empty()) return bad("`guid` is missing or empty");
  const std::string_view named = values[kMerchant].empty() ? options.default_merchant : values[kMerchant];
  if (named.empty()) return bad("no merchant: neither in the line nor by --merchant");
  auto slug = merchant_slug(named);
  if (!slug) return bad("`merchant` is not 1-40 characters of a-z, 0-9, `.`, `_`, `-`");
  merchant = std::move(*slug);
  const auto valid_from =
      values[kValidFrom].empty() ? std::optional(kSinceEver) : event::parse_event_time(values[kValidFrom]);
  if (!valid_from) {
    return bad(
        "`valid_from` is not a time of 2000-2099: RFC 3339 (2015-05-17T10:05:03Z), or (milli)seconds since 1970");
  }
  return MappingLine{records.line(), merchant, values[kGuid], values[kCustomer], *valid_from};
}

}  // namespace guidepost::identity
