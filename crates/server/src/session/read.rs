//! Reads: a view of this node at the level that was asked for, and a statement that runs on it.

use std::sync::Arc;

use samyama_bolt::Failure;
use samyama_exec::ExecError;

use super::BoltSession;
use super::failures::{failure, of_execution, of_read};
use super::options::Terms;
use super::result::{self, Short};
use super::statement::{Pending, Running};
use crate::config::ReadLevel;
use crate::engine::{Statement, now_ns};
use crate::shared::{Basis, Published};

impl BoltSession {
    /// A view at the level that was asked for.
    pub(super) async fn read_view(&self, terms: &Terms) -> Result<Arc<Published>, Failure> {
        let timeout = self.database.settings.read_timeout;
        let asked = if terms.level == ReadLevel::Linearizable {
            let point = match self.database.read_point_now() {
                Some(point) => point,
                None => {
                    let asking = Box::pin(self.database.read_point());
                    self.interrupt.guard(asking).await?.map_err(|error| of_read(&error))?
                }
            };
            point.max(terms.bookmark)
        } else {
            terms.bookmark
        };
        let published = self.database.published();
        if terms.level == ReadLevel::Stale || published.index >= asked {
            return Ok(published);
        }
        if !self.interrupt.guard(Box::pin(self.database.shared.wait_for(asked, timeout))).await? {
            return Err(failure(
                "Neo.TransientError.Transaction.BookmarkTimeout",
                "08N13",
                format!("This node has not applied log index {asked} within {timeout:?}."),
            ));
        }
        Ok(self.database.published())
    }

    pub(super) async fn read(&self, pending: Box<Pending>) -> Result<Box<Running>, Failure> {
        let statement = self.statement(&pending, now_ns());
        let timeout = pending.terms.client_timeout;
        let is_long = match self.read_at_once(&statement, &pending.terms) {
            Some(Ok((Short::Done(rows), basis))) => return Ok(pending.running(rows, basis)),
            Some(Ok((Short::Long, _))) => true,
            Some(Err(error)) => return Err(of_execution(&error, timeout)),
            None => false,
        };
        let published = self.read_view(&pending.terms).await?;
        let (statement, view) = (Arc::new(statement), published.view.clone());
        let rows = if is_long {
            self.interrupt.guard(Box::pin(result::read_on_pool(&self.database, statement, view))).await?
        } else {
            self.interrupt.guard(Box::pin(result::read(&self.database, statement, view))).await?
        };
        Ok(pending.running(rows.map_err(|error| of_execution(&error, timeout))?, published.basis()))
    }

    /// A read for which the view that is published serves: nothing is waited for, and no reference to it is counted, which
    /// all threads would share. None: something has to be waited for.
    fn read_at_once(
        &self,
        statement: &Statement,
        terms: &Terms,
    ) -> Option<Result<(Short, Basis), ExecError>> {
        let asked = match terms.level {
            ReadLevel::Linearizable => self.database.read_point_now()?.max(terms.bookmark),
            ReadLevel::Bookmark => terms.bookmark,
            ReadLevel::Stale => 0,
        };
        self.database.shared.with_published(|published| {
            let run = || result::read_here(&self.database, statement, &published.view);
            (published.index >= asked).then(|| Ok((run()?, published.basis())))
        })
    }
}
