//! ListPipelines: the names of all pipelines of the region.

use crate::clients::Clients;
use crate::refusal::{Refusal, endless};

/// A region has at most 1,000 pipelines unless the quota was raised; a page takes as many.
const PAGES: usize = 100;

/// Reads the names of all pipelines, all pages, each name once and in order: a pipeline that is
/// created or deleted meanwhile may move another one into the next page.
///
/// # Errors
/// [`Refusal`] if a page could not be read.
pub async fn list_pipelines(clients: &Clients) -> Result<Vec<String>, Refusal> {
    let mut names = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        clients.pace.turn().await;
        let page = clients
            .codepipeline
            .list_pipelines()
            .set_next_token(token)
            .send()
            .await?;
        let listed = page
            .pipelines
            .ok_or_else(|| Refusal::no_answer("the answer has no list of pipelines"))?;
        names.extend(listed.into_iter().filter_map(|pipeline| pipeline.name));
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            names.sort();
            names.dedup();
            return Ok(names);
        }
    }
    Err(endless("ListPipelines", PAGES))
}
