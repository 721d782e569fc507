package dev.baton.scheduler.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** As much room is left whatever of it is compiled, for callers that are not. */
@Timeout(120)
class StackRoomTest {
  /** About 100 bytes each where nothing is compiled. */
  private static final int FRAMES = 60;

  private static final String ONLY_IT =
      "-XX:CompileCommand=compileonly,dev.baton.scheduler.loop.StackRoom*::*";

  @ParameterizedTest
  @ValueSource(strings = {"-Xint", ONLY_IT, ONLY_IT + " -XX:TieredStopAtLevel=1"})
  void shouldLeaveAsMuchWhateverIsCompiled(String options) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options.split(" ")));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said;
    try (InputStream output = process.getInputStream()) {
      said = new String(output.readAllBytes(), StandardCharsets.UTF_8);
    }

    assertThat(process.waitFor()).as(said).isZero();
    assertThat(Integer.parseInt(said.strip().lines().toList().getLast()))
        .as(said)
        .isGreaterThan(FRAMES);
  }

  /** Prints how many frames are left, at least, where there is too little room. */
  static final class Probe {
    private static int left;

    public static void main(String[] args) throws InterruptedException {
      for (int i = 0; i < 100_000; i++) {
        StackRoom.ensure();
      }
      int least = Integer.MAX_VALUE;
      for (int more = 0; more < 4096; more += 256) {
        var thread = new Thread(null, Probe::descend, "descending", 512 * 1024 + more);
        thread.start();
        thread.join();
        least = Math.min(least, left);
      }
      System.out.println(least);
    }

    private static void descend() {
      try {
        ensureAndDescend();
      } catch (StackOverflowError expected) {
        // from StackRoom
      }
    }

    @SuppressWarnings("InfiniteRecursion") // it is to overflow its stack
    private static void ensureAndDescend() {
      try {
        StackRoom.ensure();
      } catch (StackOverflowError e) {
        left = framesLeft(0);
        throw e;
      }
      ensureAndDescend();
    }

    @SuppressWarnings("InfiniteRecursion")
    private static int framesLeft(int frames) {
      try {
        return framesLeft(frames + 1);
      } catch (StackOverflowError e) {
        return frames;
      }
    }
  }
}
