#pragma once

#include "app/ctl/invocation.h"

/// What the commands do: each prints its answer and returns the exit code. Declared together for the command tree.
namespace dm::ctl {

int run_operate_source(Invocation& invocation);
int run_transfer_source(Invocation& invocation);

int run_start_task(Invocation& invocation);
int run_stop_task(Invocation& invocation);
int run_pause_task(Invocation& invocation);
int run_resume_task(Invocation& invocation);
int run_check_task(Invocation& invocation);
int run_query_status(Invocation& invocation);

int run_list_member(Invocation& invocation);
int run_offline_member(Invocation& invocation);
int run_operate_leader(Invocation& invocation);

int run_config_task(Invocation& invocation);
int run_config_source(Invocation& invocation);
int run_config_master(Invocation& invocation);
int run_config_worker(Invocation& invocation);
int run_config_template(Invocation& invocation);
int run_config_export(Invocation& invocation);
int run_config_import(Invocation& invocation);
int run_get_config(Invocation& invocation);
int run_get_task_config(Invocation& invocation);
int run_encrypt(Invocation& invocation);

}  // namespace dm::ctl
