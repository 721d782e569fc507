import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/**
 * Reads a recording of samples by CPU time: microseconds of a request by who spends them, and by
 * method where that is Baton.
 *
 * <pre>
 * java server/src/bench/CpuProfile.java recording.jfr microseconds-per-request
 * </pre>
 */
void main(String[] args) throws IOException {
  double micros = Double.parseDouble(args[1]);
  List<List<RecordedFrame>> samples =
      RecordingFile.readAllEvents(Path.of(args[0])).stream()
          .filter(e -> e.getEventType().getName().equals("jdk.CPUTimeSample"))
          .map(
              e ->
                  e.getStackTrace() == null
                      ? List.<RecordedFrame>of()
                      : e.getStackTrace().getFrames())
          .toList();
  double each = micros / samples.size();
  IO.println(samples.size() + " samples");
  print(
      samples.stream().collect(Collectors.groupingBy(s -> owner(s), Collectors.counting())), each);
  IO.println("Of Baton:");
  print(
      samples.stream()
          .filter(s -> owner(s).equals("Baton"))
          .collect(Collectors.groupingBy(s -> name(s.getFirst()), Collectors.counting())),
      each);
}

void print(Map<String, Long> samples, double each) {
  new TreeMap<>(samples)
      .entrySet().stream()
          .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
          .limit(25)
          .forEach(e -> IO.println("%8.3f  %s".formatted(e.getValue() * each, e.getKey())));
}

String name(RecordedFrame frame) {
  String type = frame.getMethod().getType().getName();
  return type.substring(type.lastIndexOf('.') + 1) + "." + frame.getMethod().getName();
}

/** Whoever is on top, but for the JDK; Vert.x also by what it does only where there are metrics. */
String owner(List<RecordedFrame> stack) {
  return stack.stream()
      .filter(frame -> !frame.getMethod().getType().getName().matches("(java|jdk\\.|0x).*"))
      .findFirst()
      .map(frame -> owner(frame.getMethod().getType().getName(), frame.getMethod().getName()))
      .orElse("no frame");
}

String owner(String type, String method) {
  if (type.startsWith("dev.baton.server.metrics")) {
    return "metrics";
  } else if (type.startsWith("dev.baton.server.main")) {
    return "demo service";
  } else if (type.matches("dev\\.baton\\..*|.*\\.Baton\\w*(\\$.*)?|.*\\.UnitHandle")) {
    return "Baton";
  } else if (type.matches("io\\.netty\\.channel\\.(epoll|unix)\\..*")) {
    return "Netty's transport, system calls";
  } else if (type.startsWith("io.netty")) {
    return "Netty";
  } else if (type.startsWith("io.vertx")) {
    return method.matches("(do)?[rR]eport.*|flushBytes.*|sizeof")
        ? "Vert.x, to tell the metrics"
        : "Vert.x";
  }
  return "others";
}
