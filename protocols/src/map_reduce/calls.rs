//! How a run reads its chunk and writes its output: what a worker asks of the file system, until it is answered.

use super::{
    Attempt, MapReduce, Phase,
    Timer::*,
    worker::{Run, State, Worker},
};
use crate::dfs::{File, Name, Op};
use sim_core::prelude::*;

impl Worker {
    /// Asks the file system for what the run needs next: this server, or any.
    pub(super) fn ask(&mut self, number: u64, server: Option<NodeId>, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let Attempt { task, job, .. } = run.attempt;
        let op = match &run.state {
            State::Reading => Op::Read(Name { file: File::Text(job.text), chunk: task.index }),
            State::Writing(content) => {
                Op::Create(Name { file: File::Output(task.job), chunk: task.index }, content.clone())
            }
            State::Mapping(..) | State::Fetching(_) | State::Reducing(..) => return,
        };
        let mut servers = ctx.callees();
        let any = ctx.rng.below(servers.len().max(1) as u64) as usize;
        let Some(server) = server.or_else(|| servers.nth(any)) else { return };
        let bytes = op.bytes();
        let call = ctx.call(server, op);
        self.calls.insert(call, (number, ctx.now()));
        let retry = if task.phase == Phase::Map { &self.reading } else { &self.writing };
        run.alarm = Some(ctx.after(retry.after(bytes, run.silences), Silent(number)));
    }

    /// The file system has not answered: perhaps it did not hear, or the server on this machine is down. Or it takes its time, and
    /// answers yet.
    pub(super) fn silent(&mut self, number: u64, ctx: &mut Ctx<MapReduce>) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        run.silences += 1;
        self.ask(number, None, ctx);
    }

    /// The run that a call was made for, which waits no longer.
    pub(super) fn answered(&mut self, call: Ticket, ctx: &mut Ctx<MapReduce>) -> Option<&mut Run> {
        let (number, since) = self.calls.remove(&call)?;
        self.forget_calls(number, ctx);
        let run = self.runs.get_mut(&number)?;
        let retry = if run.attempt.task.phase == Phase::Map { &mut self.reading } else { &mut self.writing };
        retry.sample(ctx.now().since(since));
        run.silences = 0;
        if let Some(alarm) = run.alarm.take() {
            ctx.stop(alarm);
        }
        Some(run)
    }

    pub(super) fn forget_calls(&mut self, number: u64, ctx: &mut Ctx<MapReduce>) {
        self.calls.retain(|call, (run, _)| {
            if *run == number {
                ctx.forget(*call);
            }
            *run != number
        });
    }
}
