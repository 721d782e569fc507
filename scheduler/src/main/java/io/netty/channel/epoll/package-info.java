/** The one class that must share Netty's package: its scratch memory of writes is private to it. */
@NullMarked
package io.netty.channel.epoll;

import org.jspecify.annotations.NullMarked;
