package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.scheduler.Scheduler;
import dev.baton.scheduler.SchedulerOptions;
import dev.baton.scheduler.policy.TakeoverCause;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who loses a loop tells when it is back. */
@Timeout(60)
final class AbsenceIT {
  @Test
  void shouldTellOfTheEndOfEachAbsenceWithItsTakeover() throws Exception {
    Scheduler scheduler =
        Scheduler.builder()
            .options(new SchedulerOptions().setLoops(1))
            .workObserver(thread -> () -> "work")
            .start();
    Enclave enclave = scheduler.enclave();
    BlockingQueue<Takeover> takeovers = new LinkedBlockingQueue<>();
    BlockingQueue<Absence> absences = new LinkedBlockingQueue<>();
    enclave.onTakeover(takeovers::add);
    enclave.onAbsence(absences::add);
    CountDownLatch release = new CountDownLatch(1);
    try {
      Assumptions.assumeTrue(
          scheduler.isTakeover(), () -> "loops do not change hands: " + scheduler.notifierReason());
      scheduler
          .eventLoopGroup()
          .loops()
          .getFirst()
          .continuation(
              () -> {
                try {
                  release.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              });
      Takeover takeover = takeovers.poll(20, TimeUnit.SECONDS);
      assertThat(takeover).isNotNull();
      List<WorkerSnapshot> away =
          enclave.workerSnapshots().stream().filter(worker -> worker.awayCause() != null).toList();

      release.countDown();
      Absence absence = absences.poll(20, TimeUnit.SECONDS);

      assertThat(absence).isNotNull();
      assertThat(absence.worker()).isEqualTo(takeover.from());
      assertThat(absence.stint()).isEqualTo(takeover.fromStint());
      assertThat(absence.cause())
          .isEqualTo(takeover.cause())
          .isNotEqualTo(TakeoverCause.WORKER_DIED);
      assertThat(absence.nanos()).isGreaterThanOrEqualTo(takeover.resumedAfterNanos());
      assertThat(absence.work()).isEqualTo("work");
      assertThat(away)
          .singleElement()
          .satisfies(
              worker -> {
                assertThat(worker.worker()).isEqualTo(takeover.from());
                assertThat(worker.awaySinceNanos()).isEqualTo(takeover.atNanos());
              });
    } finally {
      release.countDown();
      scheduler.eventLoopGroup().shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }
  }
}
