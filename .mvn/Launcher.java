import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Writes a shell script that starts the jar beside it on the JDK that runs this, whichever {@code
 * java} is first in the path of those who call it. The build's JDK comes from the toolchain, so the
 * script runs what was built. The arguments: the script, the jar's file name.
 */
final class Launcher {
  public static void main(String[] arguments) throws IOException {
    Path script = Path.of(arguments[0]);
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Files.writeString(
        script,
        """
        #!/bin/sh
        exec '%s' -jar "$(dirname "$0")/%s" "$@"
        """
            .formatted(java.toString().replace("'", "'\\''"), arguments[1]));
    if (Files.getFileStore(script).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }
}
