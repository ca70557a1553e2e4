# The words of HBase's shell that deploy/cluster uses, each a call of HBase's administration, as the shell's own are. As with
# `hbase shell -n`, the first that fails ends it with status 1.
require 'java'
java_import org.apache.hadoop.hbase.HBaseConfiguration
java_import org.apache.hadoop.hbase.TableName
java_import org.apache.hadoop.hbase.client.ConnectionFactory

CONNECTION = ConnectionFactory.createConnection(HBaseConfiguration.create)
ADMIN = CONNECTION.getAdmin

def snapshot(table, name) = ADMIN.java_send(:snapshot, [java.lang.String, TableName.java_class], name, TableName.valueOf(table))
def clone_snapshot(name, table) = ADMIN.java_send(:cloneSnapshot, [java.lang.String, TableName.java_class], name, TableName.valueOf(table))
def delete_snapshot(name) = ADMIN.java_send(:deleteSnapshot, [java.lang.String], name)
def list_snapshots = ADMIN.listSnapshots.each { |snapshot| puts " #{snapshot.getName}  #{snapshot.getTableNameAsString}" }
def disable(table) = ADMIN.disableTable(TableName.valueOf(table))
def drop(table) = ADMIN.deleteTable(TableName.valueOf(table))

begin
  $stdin.each_line { |line| eval(line) }
rescue Exception => wrong
  warn "ERROR: #{wrong.message}"
  java.lang.System.exit(1)
end
java.lang.System.exit(0)
