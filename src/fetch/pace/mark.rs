//! The instant at which a request really leaves: the gap to the next one is counted from there.
//!
//! Between a permit and its sending lie name resolution, TCP and TLS. So the permit holds the
//! host's *turn* until the tap says "sent": no other request can be let go in between. And
//! since a sent request can be held up on its way, the first byte of its answer (the proof that
//! it arrived) opens the gap anew. So the server sees no shorter gap than ours.

use super::gate::Shared;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until};

/// Goes with a request to the wire, and reports back to the gate. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SendMark(Arc<Mark>);

#[derive(Debug)]
struct Mark {
    gate: Arc<Shared>,
    state: Mutex<MarkState>,
}

#[derive(Debug)]
struct MarkState {
    turn: Option<OwnedSemaphorePermit>,
    /// Which sending of the host's this was.
    number: u64,
}

impl SendMark {
    pub(super) fn new(gate: Arc<Shared>, turn: Option<OwnedSemaphorePermit>) -> Self {
        let state = MarkState { turn, number: 0 };
        Self(Arc::new(Mark {
            gate,
            state: Mutex::new(state),
        }))
    }

    /// The request has left. Calls without a turn do nothing.
    pub fn sent(&self) {
        self.0.sent();
    }

    /// The first byte of the answer is here.
    pub fn arrived(&self) {
        let number = self.0.state().number;
        self.0.gate.arrived(number);
    }

    /// Waits for a turn of its own, for a request that has to be sent once more.
    pub async fn again(&self) {
        let turn = self.0.gate.turn().await;
        while let Some(at) = self.0.gate.earliest() {
            if at <= Instant::now() {
                break;
            }
            sleep_until(at).await;
        }
        self.0.state().turn = turn;
    }
}

impl Mark {
    fn state(&self) -> std::sync::MutexGuard<'_, MarkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sent(&self) {
        let mut state = self.state();
        if let Some(turn) = state.turn.take() {
            state.number = self.gate.sent();
            drop(turn);
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.sent();
    }
}
