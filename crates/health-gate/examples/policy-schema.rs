//! Prints `policy.schema.json`: `cargo run --package health-gate --features schema --example policy-schema > policy.schema.json`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

fn main() {
    println!("{:#}", health_gate::policy_schema());
}
