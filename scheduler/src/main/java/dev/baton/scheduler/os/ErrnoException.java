package dev.baton.scheduler.os;

/** A system call that failed. Carries no stack trace: the call's name and errno say it all. */
public final class ErrnoException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** {@code EPERM}, {@code errno-base.h}: not permitted. */
  public static final int EPERM = 1;

  /** {@code ESRCH}, {@code errno-base.h}: there is no such thread, or no more. */
  public static final int ESRCH = 3;

  /** {@code EINTR}, {@code errno-base.h}: interrupted by a signal; try again. */
  public static final int EINTR = 4;

  /** {@code EACCES}, {@code errno-base.h}: permission denied. */
  public static final int EACCES = 13;

  /** {@code EINVAL}, {@code errno-base.h}: an argument the kernel does not accept. */
  public static final int EINVAL = 22;

  /** {@code EMFILE}, {@code errno-base.h}: too many open files. */
  public static final int EMFILE = 24;

  /** {@code ENOSYS}, {@code errno.h}: the kernel or a filter on it lacks this call. */
  public static final int ENOSYS = 38;

  private final String call;
  private final int errno;

  /**
   * A failed system call.
   *
   * @param call the system call's kernel name
   * @param errno the positive error number
   */
  public ErrnoException(String call, int errno) {
    super(call + ": " + name(errno), null, false, false);
    this.call = call;
    this.errno = errno;
  }

  /** The system call's kernel name. */
  public String call() {
    return call;
  }

  /** The positive error number, {@code errno.h}. */
  public int errno() {
    return errno;
  }

  private static String name(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM (operation not permitted)";
      case ESRCH -> "ESRCH (no such thread)";
      case EINTR -> "EINTR (interrupted)";
      case EACCES -> "EACCES (permission denied)";
      case EINVAL -> "EINVAL (invalid argument)";
      case EMFILE -> "EMFILE (too many open files; raise ulimit -n)";
      case ENOSYS -> "ENOSYS (call not available)";
      default -> "errno " + errno;
    };
  }
}
