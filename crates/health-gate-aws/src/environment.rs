//! Variables of the SDK and of TLS, which these would read themselves. Ours are [`Settings`](crate::Settings).

/// What a variable says. An empty one says nothing.
#[expect(
    clippy::disallowed_methods,
    reason = "the other place that reads them, for what others define"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
