package dev.baton.scheduler.loop;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import dev.baton.scheduler.os.LinuxCalls;
import dev.baton.scheduler.policy.StatusWord;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link SliceTimer#fired}: a standby notes that the timer has fired, then reads the status; the
 * owner enters a unit, then reads whether the timer must be armed. r1: the standby arms it; r2: the
 * owner does.
 */
@JCStressTest
@Outcome(
    id = {"0, 1", "1, 0", "1, 1"},
    expect = ACCEPTABLE,
    desc = "The timer is armed")
@Outcome(id = "0, 0", expect = FORBIDDEN, desc = "a unit without a timer")
@State
public class IdleTimerStress {
  private final OwnershipWord word = new OwnershipWord();
  private final Calls calls = new Calls();
  private final SliceTimer timer;

  public IdleTimerStress() {
    word.assign(1);
    timer = new SliceTimer(calls.proxy(), 0, 0, SliceTimer.Slice.of(calls.proxy(), 1_000_000));
    timer.pushIfDue(1);
    calls.settings = 0;
  }

  @Actor
  public void standby(II_Result r) {
    r.r1 = StatusWord.isTakeable(timer.fired(word)) ? 1 : 0;
  }

  @Actor
  public void owner(II_Result r) {
    long _ = timer.enter(word);
    r.r2 = calls.settings;
  }

  /** Counts how often the owner arms the timer. */
  private static final class Calls implements InvocationHandler {
    private int settings;

    LinuxCalls proxy() {
      return (LinuxCalls)
          Proxy.newProxyInstance(
              LinuxCalls.class.getClassLoader(), new Class<?>[] {LinuxCalls.class}, this);
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) {
      if (method.getName().equals("timerfdSettime")) {
        settings++;
      }
      Class<?> type = method.getReturnType();
      return type == int.class ? (Object) 0 : type == long.class ? (Object) 0L : null;
    }
  }
}
