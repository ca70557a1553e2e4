// Between the words of the port and those of the wire.
#pragma once

#include <hbase_wire/hbase_types.h>

#include <span>
#include <string>
#include <vector>

#include "adapters/hbase/connection.hpp"

namespace guidepost::hbase {

std::vector<wire::Put> to_wire(std::span<const RowPut> rows);
std::vector<wire::Get> to_wire(std::span<const RowGet> rows);
wire::Put to_wire(const RowPut& row);
wire::Scan to_wire(const RowRange& range);
wire::TableName table_name(const std::string& table_namespace, const std::string& table);

/// Everything about a table that the port leaves open is decided here.
wire::Table describe(const std::string& table_namespace, const TableSpec& spec);

/// `key`: what was asked for, as an absent row comes back without its key.
Row from_wire(wire::RowResult&& result);
Row from_wire(wire::RowResult&& result, const std::string& key);

}  // namespace guidepost::hbase
