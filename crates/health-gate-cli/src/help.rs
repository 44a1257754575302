//! What stands at the end of each subcommand's help: examples, which work against the local AWS as well.

pub(crate) const EXIT_CODES: &str = "\
Exit codes: 0 pass, 1 blocked (or something to mend), 2 an error or an unreadable AWS Health, 64 wrong usage.
Data goes to standard output, progress and errors to standard error.";

pub(crate) const CHECK: &str = "\
Examples:
  health-gate check --regions us-east-1,global
  health-gate check --policy policy.json --wait --max-hold 1h && ./deploy
  health-gate check --format json | jq -r '.incidents[].link'

Without an account: start `health-gate sandbox`, and export what it prints.";

pub(crate) const EXPLAIN: &str = "\
Examples:
  health-gate explain --services EC2,LAMBDA --quiet-period 10m
  health-gate explain --policy policy.json --matching

Without an account: start `health-gate sandbox`, and export what it prints.";

pub(crate) const VALIDATE: &str = "\
Examples:
  health-gate validate --policy '{\"regions\": [\"us-east-1\"], \"maxHold\": \"2h\"}'
  health-gate validate pipeline.yaml
  aws codepipeline get-pipeline --name checkout | health-gate validate -";

pub(crate) const STATUS: &str = "\
Examples:
  health-gate status
  health-gate status --pipelines 'prod-*' --waiting

Set HEALTH_GATE_POLICY as the functions have it: policies of pipelines change it.
Without an account: start `health-gate sandbox`, and export what it prints.";

pub(crate) const DOCTOR: &str = "\
Examples:
  health-gate doctor
  health-gate doctor --profile production --pipelines 'prod-*'

It changes nothing: it reads, and makes the calls that do more for things that do not exist.
Without an account: start `health-gate sandbox`, and export what it prints.";

pub(crate) const BACKTEST: &str = "\
Examples:
  health-gate backtest --regions us-east-1,global --html backtest.html
  health-gate backtest --policy policy.json --days 30
  aws health describe-events > events.json
  health-gate backtest --events events.json --regions us-east-1,global";

pub(crate) const DEMO: &str = "\
Ten stories, an hour or two each, in a second: releases that go out, are stopped and go on by
themselves, are held, warned, overridden or rolled back. The functions' own code, the real AWS SDK.

Examples:
  health-gate demo
  health-gate demo | less";

pub(crate) const SANDBOX: &str = "\
Examples:
  health-gate sandbox
  health-gate sandbox --scenario examples/regional-outage.json

It prints what to export so that this command, the AWS CLI and the SDKs find it, and a line for
each call. It goes on until you stop it.";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  source <(health-gate completions bash)
  health-gate completions zsh > \"${fpath[1]}/_health-gate\"
  health-gate completions fish > ~/.config/fish/completions/health-gate.fish";

pub(crate) const OVERRIDE_SET: &str = "\
Examples:
  health-gate override set --pipelines checkout --for 2h --reason 'INC-42 fix'
  health-gate override set --pipelines 'prod-*' --for 2h --reason INC-42 --retry

Without an account: start `health-gate sandbox`, and export what it prints.";

pub(crate) const OVERRIDE_LIST: &str = "\
Examples:
  health-gate override list
  health-gate override list --pipelines 'prod-*' --format json";

pub(crate) const OVERRIDE_CLEAR: &str = "\
Examples:
  health-gate override clear --pipelines checkout
  health-gate override clear --pipelines 'prod-*' --yes";
