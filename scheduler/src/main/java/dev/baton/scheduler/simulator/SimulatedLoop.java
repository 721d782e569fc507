package dev.baton.scheduler.simulator;

import dev.baton.scheduler.loop.GivingRule;
import dev.baton.scheduler.policy.StatusWord;
import dev.baton.scheduler.simulator.VirtualTime.Event;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/** An event loop of the simulation: what waits for it, who drives it, and its timer. */
final class SimulatedLoop {
  final int index;
  final StandbyPoolModel pool;
  SimulatedWorker owner;
  long status = StatusWord.left(0);

  /** Whether it sleeps with nothing to do. */
  boolean idle;

  /** Whether it sleeps since no standby is left. */
  boolean holding;

  ArrayDeque<Request> sockets = new ArrayDeque<>(); // arrived, and not seen yet
  ArrayDeque<Request> ready = new ArrayDeque<>(); // seen by this turn's poll
  final ArrayDeque<Request> assigned = new ArrayDeque<>(); // by the agent
  final HandlerQueue queue = new HandlerQueue(); // handlers, if the policy queues them
  int row; // handlers run since the last poll
  long rowBeganNanos;
  boolean ranErrand; // in this turn

  final GivingRule giving = new GivingRule();
  long unitsRun;
  long unitNanos;

  /** When the slice is over. */
  final Event timer;

  long pushedAtNanos;
  boolean forgotten = true; // it has fired while nothing was to be seen
  long seenStatus; // at the first look
  long seenRanNanos;

  /** When a standby hears that the owner sleeps. */
  final Event notice;

  long noticeStatus; // of what it sleeps in

  SimulatedLoop(
      int index,
      SimulatedWorker owner,
      Consumer<SimulatedLoop> onTimer,
      Consumer<SimulatedLoop> onNotice) {
    this.index = index;
    this.pool = owner.pool;
    this.owner = owner;
    this.timer = event(onTimer);
    this.notice = event(onNotice);
    owner.loop = this;
  }

  private Event event(Consumer<SimulatedLoop> action) {
    return new Event() {
      @Override
      void happen() {
        action.accept(SimulatedLoop.this);
      }
    };
  }

  /** How many handlers wait here, as a policy counts them. */
  int waiting() {
    return sockets.size() + ready.size() + assigned.size() + queue.size();
  }

  void enter() {
    status = StatusWord.entered(status);
  }

  void leave() {
    status = StatusWord.left(status);
  }
}
