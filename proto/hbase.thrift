// What Guidepost says to HBase's Thrift2 gateway, and no more.
//
// The wire knows methods by name and fields by number; names of structs, fields and enums are ours.
// Fields that HBase has and we neither send nor read are left out: Thrift skips what it does not
// know. Checked against HBase 2.6; 2.5 and 3.0 answer these methods alike.
//
// Not here on purpose: increment and append (not idempotent through Thrift), deletes (a marker masks
// later puts with explicit timestamps), scanner ids (they live in one gateway process), column
// family `attributes` and table attributes (garbage over a framed transport).

namespace cpp guidepost.hbase.wire

struct Column {
  1: required binary family
  2: optional binary qualifier        // not set: all of the family
}

struct ColumnValue {
  1: required binary family
  2: required binary qualifier
  3: required binary value
  4: optional i64 timestamp
}

// Half-open: [low, high).
struct Stamps {
  1: required i64 low
  2: required i64 high
}

// An absent row comes back with `row` not set and without columns.
struct RowResult {
  1: optional binary row
  2: required list<ColumnValue> columns
}

struct Get {
  1: required binary row
  2: optional list<Column> columns
  4: optional Stamps stamps           // 3 would be one exact timestamp, and would win over this
  5: optional i32 versions
}

enum Durability {
  TABLE_DEFAULT = 0
  SKIP_WAL = 1
  ASYNC_WAL = 2
  SYNC_WAL = 3
  FSYNC_WAL = 4
}

struct Put {
  1: required binary row
  2: required list<ColumnValue> columns
  6: optional Durability durability
}

struct Scan {
  1: optional binary start            // inclusive
  2: optional binary stop             // exclusive; not set: the end of the table
  3: optional list<Column> columns
  4: optional i32 caching             // rows a round trip between gateway and region server
  5: optional i32 versions = 1
  6: optional Stamps stamps
  15: optional i32 limit              // rows in all
}

struct TableName {
  1: optional binary ns               // not set: the default namespace
  2: required binary name
}

enum BloomFilter {
  NONE = 0
  ROW = 1
  ROWCOL = 2
}

enum CompressionCodec {
  LZO = 0
  GZ = 1
  NONE = 2
  SNAPPY = 3
  LZ4 = 4
  BZIP2 = 5
  ZSTD = 6
}

enum BlockEncoding {
  NONE = 0
  PREFIX = 2
  DIFF = 3
  FAST_DIFF = 4
  ROW_INDEX_V1 = 7
}

struct ColumnFamily {
  1: required binary name
  5: optional BloomFilter bloom
  6: optional CompressionCodec compression
  8: optional BlockEncoding encoding
  10: optional i32 versions
}

struct Table {
  1: required TableName name
  2: optional list<ColumnFamily> families
  4: optional Durability durability
}

enum ServerType {
  THRIFT1 = 1
  THRIFT2 = 2
}

// What HBase threw. `can_retry` says the truth for calls about one row only.
exception IOError {
  1: optional string message
  2: optional bool can_retry
}

// Tables in data calls are `name` or `namespace:name`.
service Gateway {
  list<RowResult> getMultiple(1: binary table, 2: list<Get> gets) throws (1: IOError io)
  void putMultiple(1: binary table, 2: list<Put> puts) throws (1: IOError io)
  list<RowResult> getScannerResults(1: binary table, 2: Scan scan, 3: i32 rows = 1) throws (1: IOError io)
  // An empty `value` means: where the cell is absent or empty.
  bool checkAndPut(1: binary table, 2: binary row, 3: binary family, 4: binary qualifier,
                   5: binary value, 6: Put put) throws (1: IOError io)

  // Split keys only over an unframed transport: over a framed one HBase makes garbage of them.
  void createTable(1: Table table, 2: list<binary> split_keys) throws (1: IOError io)
  void disableTable(1: TableName table) throws (1: IOError io)
  void enableTable(1: TableName table) throws (1: IOError io)
  void deleteTable(1: TableName table) throws (1: IOError io)
  bool tableExists(1: TableName table) throws (1: IOError io)
  bool isTableAvailable(1: TableName table) throws (1: IOError io)
  // The pattern is Java's, matched against the whole name.
  list<TableName> getTableNamesByPattern(1: string pattern, 2: bool with_system_tables) throws (1: IOError io)

  // Answered by the gateway alone.
  ServerType getThriftServerType()
  string getClusterId()
}
