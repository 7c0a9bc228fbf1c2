using System.Net;
using System.Net.Security;
using Backup.MongoWire.Authentication;

namespace Backup.Daemon.Serving;

/// <summary>How a moment is served.</summary>
public sealed record ServeOptions
{
    /// <summary>Port 0 takes one that is free.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Null only on loopback.</summary>
    public SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>The only user, of the database admin.</summary>
    public required string User { get; init; }

    /// <summary>What is kept of the password: one for each mechanism.</summary>
    public required IReadOnlyList<ScramCredential> Credentials { get; init; }

    /// <summary>Then it closes by itself.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Told to whoever tries to write, for example <c>rs0 at 2026-11-21T10:00:00Z</c>.</summary>
    public required string What { get; init; }

    /// <summary>Id of the replica set, or of the cluster's deployment, that it is of.</summary>
    public string SubjectId { get; init; } = "";

    public int MaxConnections { get; init; } = 100;

    /// <summary>Bytes of a request; larger ones end the connection.</summary>
    public int MaxMessageLength { get; init; } = 4 << 20;

    /// <summary>Batches that are read at the same time; others wait.</summary>
    public int ParallelReads { get; init; } = 4;

    public int MaxCursors { get; init; } = 100;

    /// <summary>Cursors that hold sorted or grouped documents (up to 100 MB each).</summary>
    public int MaxHoldingCursors { get; init; } = 4;

    /// <summary>Bytes of documents that a sort, a group or a sample holds; 1 MiB and more.</summary>
    public long MemoryBytes { get; init; } = MongoQuery.QueryLimits.DefaultMemoryBytes;

    /// <summary>A cursor that nobody reads for so long is closed.</summary>
    public TimeSpan CursorTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the answer to a wrong password takes.</summary>
    public TimeSpan FailurePause { get; init; } = TimeSpan.FromSeconds(1);

    public const int LeastPasswordLength = 12;

    /// <summary>What is kept of a password.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9103 where it is too short.</exception>
    public static IReadOnlyList<ScramCredential> Keep(string user, string password) =>
        password.Length < LeastPasswordLength
            ? throw DaemonErrors.WeakPassword(LeastPasswordLength)
            :
            [
                ScramCredential.Create(ScramMechanism.Sha256, user, password, ScramMechanism.Sha256.DefaultIterations),
                ScramCredential.Create(ScramMechanism.Sha1, user, password, ScramMechanism.Sha1.DefaultIterations),
            ];
}
