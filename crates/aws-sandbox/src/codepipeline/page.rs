//! Pages of a list. A token belongs to the list that it came from: what it was filtered by.

use serde_json::Value;

use crate::constraints::Constraints;
use crate::service_error::ServiceError;

/// What a list is of, as far as its tokens have to tell it from others.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    /// The execution that it is filtered by.
    pub(super) execution: Option<&'a str>,
    /// The range of that execution's attempts, if the filter has one.
    pub(super) range: Option<&'a str>,
}

/// A page as it is asked for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) size: Option<i64>,
    pub(super) token: Option<&'a str>,
}

impl Asked<'_> {
    pub(super) fn validate(&self, c: &mut Constraints, most: i64) {
        c.range("maxResults", self.size, 1..=most);
        let token = self.token.map(str::to_owned);
        c.text("nextToken", token.as_ref(), 1..=2_048);
    }

    /// This page of a list, and the token of the next one. Without a size, a page is as large as it may be.
    ///
    /// # Errors
    /// Seen with real CodePipeline: a token of another execution is not valid, one of another range makes it fail.
    pub(super) fn of(
        &self,
        mut all: Vec<Value>,
        most: usize,
        scope: &Scope<'_>,
    ) -> Result<(Vec<Value>, Option<String>), ServiceError> {
        let execution = scope.execution.unwrap_or("any");
        let begin = match self.token {
            None => 0,
            Some(token) => {
                let invalid = || {
                    let message = format!(
                        "The nextToken value '{token}' is not valid. Specify a valid nextToken value, and then try again."
                    );
                    ServiceError::new("InvalidNextTokenException", message)
                };
                let parts: Vec<&str> = token.split('_').collect();
                let ["page", begin, of, range] = parts[..] else {
                    return Err(invalid());
                };
                if of != execution {
                    return Err(invalid());
                }
                if scope.range.is_some_and(|asked| asked != range) {
                    return Err(ServiceError::internal_failure());
                }
                begin.parse().map_err(|_| invalid())?
            }
        };
        let begin: usize = begin;
        let begin = begin.min(all.len());
        let size = self.size.and_then(|size| usize::try_from(size).ok());
        let end = all.len().min(size.unwrap_or(most) + begin);
        let range = scope.range.unwrap_or("All");
        let next = (end < all.len()).then(|| format!("page_{end}_{execution}_{range}"));
        Ok((all.drain(begin..end).collect(), next))
    }
}
