//! The program `health-gate`.

fn main() -> std::process::ExitCode {
    health_gate_cli::main()
}
