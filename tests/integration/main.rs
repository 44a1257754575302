//! Flows through health-gate, from an event to what CodePipeline was told. Everything below the tests is real
//! but AWS, which is the sandbox.

mod command;
mod contract;
mod event_files;
mod fault_tables;
mod function_process;
mod gate;
mod gate_answer;
mod gate_circumstances;
mod gate_endpoint;
mod gate_faults;
mod gate_hold;
mod gate_process;
mod in_world;
mod listener;
mod policy_schema;
mod program;
mod releases;
mod retry_process;
mod retry_table;
mod sandbox_captures;
mod sandbox_codepipeline;
mod sandbox_delivery;
mod sandbox_events;
mod sandbox_faults;
mod sandbox_health;
mod sandbox_process;
mod sandbox_property;
mod sandbox_rules;
mod sandbox_scenarios;
mod sandbox_sdk;
mod sandbox_world;
mod stage_retry;
mod stage_retry_limits;
mod stage_retry_outcomes;
mod stage_retry_property;
