package dev.baton.loadgen.export;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Where a result comes from, so that it can be told from others and made again.
 *
 * @param date when it was written
 * @param version of the load generator
 * @param host that sent the load
 * @param system operating system, CPUs and JVM of the host
 * @param command the command line, without secrets
 */
public record Provenance(Instant date, String version, String host, String system, String command) {
  private static final String SECRET = "…";
  private static final Pattern SECRET_HEADER =
      Pattern.compile("(?i)((?:proxy-)?authorization|cookie|x-api-key)(\\s*:).*", Pattern.DOTALL);
  private static final Pattern SECRET_OPTION =
      Pattern.compile("(--auth|--key-password)(=.*)?", Pattern.DOTALL);
  private static final Pattern USER_INFO = Pattern.compile("(://[^/?#:@]*):[^/?#@]*@");
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9@%+=:,./_-]+");

  /** Of a result written now, by the given arguments. */
  public static Provenance of(List<String> arguments) {
    String version = Provenance.class.getPackage().getImplementationVersion();
    return new Provenance(
        Instant.now().truncatedTo(ChronoUnit.SECONDS),
        version == null ? "unpackaged" : version,
        hostName(),
        "%s %s, %d CPUs, JDK %s"
            .formatted(
                System.getProperty("os.name"),
                System.getProperty("os.version"),
                Runtime.getRuntime().availableProcessors(),
                Runtime.version()),
        command(arguments));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "unknown"; // a machine that does not know its own name
    }
  }

  private static String command(List<String> arguments) {
    var line = new StringBuilder("baton-loadgen");
    boolean secret = false;
    for (String argument : arguments) {
      var option = SECRET_OPTION.matcher(argument);
      String shown = secret ? SECRET : argument;
      secret = option.matches() && option.group(2) == null;
      if (option.matches() && option.group(2) != null) {
        shown = option.group(1) + "=" + SECRET;
      }
      shown = SECRET_HEADER.matcher(shown).replaceFirst("$1$2 " + SECRET);
      shown = USER_INFO.matcher(shown).replaceAll("$1:" + SECRET + "@");
      line.append(' ').append(quoted(shown));
    }
    return line.toString();
  }

  private static String quoted(String argument) {
    return PLAIN.matcher(argument).matches()
        ? argument
        : "'" + argument.replace("'", "'\\''") + "'";
  }

  /** By names, in order. */
  public Map<String, Object> toMap() {
    var map = new LinkedHashMap<String, Object>();
    map.put("date", date.toString());
    map.put("version", version);
    map.put("host", host);
    map.put("system", system);
    map.put("command", command);
    return map;
  }
}
