import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Writes a shell script that starts the jar beside it on the JDK that runs this, whichever {@code
 * java} is first in the path of those who call it. The build's JDK comes from the toolchain, so the
 * script runs what was built. It starts with the AOT cache beside it, if there is one; one that
 * does not fit is left alone by the JVM. The arguments: the script, the jar's file name.
 */
final class Launcher {
  public static void main(String[] arguments) throws IOException {
    Path script = Path.of(arguments[0]);
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Files.writeString(
        script,
        """
        #!/bin/sh
        here=$(dirname "$0")
        cache="$here/%s.aot"
        set -- -jar "$here/%s" "$@"
        [ ! -f "$cache" ] || set -- "-XX:AOTCache=$cache" -Xlog:aot=off -Xlog:cds=off "$@"
        exec '%s' -XX:+ExitOnOutOfMemoryError "$@"
        """
            .formatted(script.getFileName(), arguments[1], java.toString().replace("'", "'\\''")));
    if (Files.getFileStore(script).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }
}
