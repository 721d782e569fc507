package dev.baton.scheduler.simulator;

import dev.baton.scheduler.policy.TakeoverCause;
import dev.baton.scheduler.simulator.VirtualTime.Event;
import org.jspecify.annotations.Nullable;

/**
 * A worker of the simulation: drives a loop, waits for one, or finishes what it has lost one for.
 */
final class SimulatedWorker extends SimulatedThread {
  /** What it is at. */
  enum Doing {
    /** Sleeps in its loop's poll, or waits as a standby. */
    WAITING,
    /** Comes out of the poll. */
    POLLING,
    /** Reads a request whose handler is to be queued. */
    READING,
    /** Runs a handler. */
    RUNNING,
    /** Sleeps inside it. */
    BLOCKED,
    /** A standby that the timer of a loop has woken looks at it. */
    LOOKING,
    /** A standby that has been woken decides whether to take a loop. */
    DECIDING,
    /** Gives back what it has finished, and becomes a standby. */
    RETURNING
  }

  final StandbyPoolModel pool;
  final int id;
  private final SimulatedEnclave enclave;
  final Event alarm;
  Doing doing = Doing.WAITING;
  @Nullable SimulatedLoop loop;
  @Nullable Request request;
  long unitNanos; // what the unit costs
  long awaySinceNanos;

  // LOOKING, DECIDING
  @Nullable SimulatedLoop target;
  long targetStatus;
  TakeoverCause cause = TakeoverCause.BLOCKED;

  SimulatedWorker(SimulatedEnclave enclave, StandbyPoolModel pool, int id) {
    super(pool.cpu);
    this.enclave = enclave;
    this.pool = pool;
    this.id = id;
    this.alarm =
        new Event() {
          @Override
          void happen() {
            enclave.awake(SimulatedWorker.this);
          }
        };
  }

  @Override
  void done() {
    enclave.done(this);
  }
}
