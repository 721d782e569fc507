package dev.baton.server.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.simulator.Trace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RequestRecorderTest {
  private final HandlerClasses classes = new HandlerClasses();
  private final RequestRecorder recorder = new RequestRecorder(classes, 8);

  @Test
  void shouldTellOfRequestsInTheOrderInWhichTheyCameAsASimulatorReadsThem() throws IOException {
    int orders = classes.of("POST /orders,{all}");
    int fast = classes.of("GET /fast");
    long start = Long.MAX_VALUE - 500; // nanoTime may be anywhere, and overflow
    recorder.add(start + 1000, fast, 5, 0, 7);
    recorder.add(start, orders, 20, 3_000_000, -7);
    recorder.add(start - 1, fast, 1, 0, 1);

    Trace trace = recorder.trace(start);
    Trace read = Trace.read(new BufferedReader(new StringReader(trace.text())), "t");

    assertThat(trace.requests())
        .containsExactly(
            new Trace.Entry(0, orders, 20, 3_000_000, -7 & Integer.MAX_VALUE),
            new Trace.Entry(1000, fast, 5, 0, 7));
    assertThat(read.text()).isEqualTo(trace.text());
    assertThat(recorder.dropped()).isZero();
  }

  @Test
  void shouldKeepTheLastOnes() {
    for (int n = 0; n < 20; n++) {
      recorder.add(n, 0, n, 0, 0);
    }

    assertThat(recorder.trace(0).requests()).extracting(Trace.Entry::cpuNanos).startsWith(12L);
    assertThat(recorder.trace(0).requests()).hasSize(8);
    assertThat(recorder.dropped()).isEqualTo(12);
  }

  @Test
  void shouldSayThatThereWereNone() {
    assertThatThrownBy(() -> recorder.trace(0)).hasMessageContaining("no requests");
  }

  @Test
  void shouldLoseNoneThatItDoesNotCount() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int n = 0; n < 50_000; n++) {
                      recorder.add(1, 0, 1, 0, 0);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(recorder.dropped() + recorder.trace(0).requests().size()).isEqualTo(200_000);
  }
}
