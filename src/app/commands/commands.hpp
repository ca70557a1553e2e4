// Every command's declaration. A daemon's is in src/app/roles, any other's in the file of its name here.
#pragma once

#include "app/command.hpp"

namespace guidepost::app {

Command up_command();
Command collect_command();
Command ingest_command();
Command aggregate_command();

Command generate_command();
Command import_command();

Command refresh_command();

Command query_command();
Command journey_command();
Command verify_command();

Command init_command();
Command replay_command();
Command replay_diff_command();
Command replay_list_command();
Command replay_undo_command();
Command replay_drop_command();
Command check_config_command();
Command canary_command();
Command status_command();
Command gap_list_command();
Command gap_accept_command();
Command backup_command();
Command restore_command();

Command bad_list_command();
Command bad_show_command();
Command page_show_command();
Command block_show_command();
Command tables_command();

}  // namespace guidepost::app
