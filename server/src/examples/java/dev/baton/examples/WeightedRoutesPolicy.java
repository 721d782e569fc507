package dev.baton.examples;

import dev.baton.scheduler.policy.Agent;
import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import dev.baton.scheduler.policy.SchedulingPolicy;

/** Requests that pay go as if they had come earlier: before others, which do not starve. */
public final class WeightedRoutesPolicy implements SchedulingPolicy {
  private static final long AHEAD_NANOS = 20_000_000;

  private final boolean[] pays = new boolean[HandlerClasses.MAX];
  private HandlerClasses classes = new HandlerClasses();

  @Override
  public String name() {
    return "weighted-routes";
  }

  @Override
  public boolean queuesHandlers() {
    return true; // or they would run in the order in which they come
  }

  @Override
  public void installed(Agent agent, long nowNanos) {
    classes = agent.classes();
    learn();
  }

  @Override
  public long tickNanos() {
    return 10_000_000; // routes that are new are known after so long
  }

  @Override
  public void message(Message message) {
    learn();
  }

  private void learn() {
    for (int c = 0; c < classes.size(); c++) {
      pays[c] = classes.name(c).startsWith("POST /orders");
    }
  }

  @Override
  public int queueOf(int loop, int handlerClass, long deadlineNanos, long nowNanos) {
    return SHARED; // any loop may run it
  }

  @Override
  public long rank(int loop, int handlerClass, long arrivalNanos, long deadlineNanos) {
    return pays[handlerClass] ? arrivalNanos - AHEAD_NANOS : arrivalNanos;
  }

  @Override
  public boolean mayPull(int puller, int from, int handlerClass) {
    return true;
  }
}
