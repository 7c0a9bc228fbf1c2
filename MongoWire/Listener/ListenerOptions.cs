using System.Net;
using System.Net.Security;
using Backup.MongoWire.Protocol;

namespace Backup.MongoWire.Listener;

/// <summary>Where and within which bounds a listener serves.</summary>
public sealed record ListenerOptions
{
    /// <summary>Port 0 takes one that is free.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>TLS on every connection; null: none. Client certificates are asked for where it says so.</summary>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>Connections at a time, 1 and up; more are closed at once.</summary>
    public int MaxConnections { get; init; } = 1000;

    /// <summary>Bytes of a request, header included.</summary>
    public int MaxMessageLength { get; init; } = WireLimits.MaxMessageLength;

    /// <summary>A connection that sends nothing for so long is closed.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a message may take once its first byte is there, and a TLS handshake.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a graceful stop waits for requests in work.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Told of exceptions of the handler that are no BackupException: mistakes in it.</summary>
    public Action<Exception>? HandlerFailed { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
