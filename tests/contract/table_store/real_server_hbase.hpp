// The HBase of the tests on real servers: `./dev contract` starts it and says in the environment where it is.
#pragma once

#include <string>

#include "adapters/hbase/hbase_table_store.hpp"

namespace guidepost::contract {

/// Errors: kUnavailable where the environment names no HBase.
Result<hbase::HBaseOptions> real_hbase();

/// Runs a command of deploy/local/cluster on that HBase, as `kill gateway1`. False: it failed.
bool cluster(const std::string& command);

}  // namespace guidepost::contract
