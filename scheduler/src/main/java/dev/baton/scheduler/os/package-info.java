/**
 * What Baton asks of the operating system: CPU sets, and the Linux system calls behind block
 * notification and affinity.
 */
@NullMarked
package dev.baton.scheduler.os;

import org.jspecify.annotations.NullMarked;
