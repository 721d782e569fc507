package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.policy.TakeoverCause;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TakeoverIT {
  @Test
  void shouldServeTheNextContinuationWhileOneSleeps() throws Exception {
    Scheduler scheduler = Scheduler.start(new SchedulerOptions().setLoops(1));
    TransferableEventLoop loop = scheduler.eventLoopGroup().loops().getFirst();
    CountDownLatch woken = new CountDownLatch(1);
    CountDownLatch done = new CountDownLatch(1);
    CountDownLatch next = new CountDownLatch(1);

    loop.continuation(
        () -> {
          try {
            woken.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          done.countDown();
        });
    loop.continuation(next::countDown);

    assertThat(next.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(scheduler.enclave().takeovers(TakeoverCause.BLOCKED)).isEqualTo(1);
    woken.countDown();
    assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
    scheduler.eventLoopGroup().shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    System.out.println(scheduler.enclave().recentTakeovers());
  }
}
