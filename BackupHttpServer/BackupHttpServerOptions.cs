using System.Net;
using Backup.BackupHttpServer.Limits;

namespace Backup.BackupHttpServer;

/// <summary>How the server for agents runs.</summary>
public sealed record BackupHttpServerOptions
{
    /// <summary>The agent that hosts without one may fetch; null: none.</summary>
    public string? AgentProgram { get; init; }

    /// <summary>Where CA and server certificate are, or are made at the first start.</summary>
    public required string CertificateFolder { get; init; }

    public IPAddress Address { get; init; } = IPAddress.Any;

    /// <summary>0 to 65535; 0 lets the system choose.</summary>
    public int Port { get; init; } = 8081;

    /// <summary>Names and addresses that agents use, besides localhost and the host's own name.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Bytes of slices in hand at the same time, compressed and raw; at least two of the longest slices, 256 MiB is 256 &lt;&lt; 20.</summary>
    public long SliceBudget { get; init; } = 192L << 20;

    /// <summary>Bodies that come more slowly than this after a grace of <see cref="BodyGrace"/> are cut off; bytes a second.</summary>
    public double MinBodyBytesPerSecond { get; init; } = 8 * 1024;

    /// <summary>More than one second: the server looks at the rate once in a second.</summary>
    public TimeSpan BodyGrace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Headers of a request have come by then, or it is cut off.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Connections open at the same time, at least 1; more are closed at once. An agent has a few.</summary>
    public int Connections { get; init; } = 8000;

    /// <summary>How much may go on at the same time.</summary>
    public RequestLimits Limits { get; init; } = new();

    /// <summary>Asked before each slice of a copy, so it is quick: why copies have to wait (disk low, store closed); null while they need not.</summary>
    public Func<string?> HoldCopies { get; init; } = static () => null;

    /// <summary>Whether agents have certificates of their own besides their keys.</summary>
    public ClientCertificatePolicy ClientCertificates { get; init; } = ClientCertificatePolicy.Accepted;

    /// <summary>How long an agent's certificate lasts, more than a day; the agent renews it when a third is left.</summary>
    public TimeSpan ClientCertificateLife { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Agents are asked to replace keys that are older; zero: only where an operator asks for it.</summary>
    public TimeSpan ApiKeyMaxAge { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Where builds that are offered to agents are kept; instances share it. Null: <c>updates</c> in the certificates' folder.</summary>
    public string? UpdateFolder { get; init; }

    /// <summary>Handed to every agent; asked each time that one fetches its configuration, so it is quick, and may change.</summary>
    public Func<Foundation.Contracts.AgentLimits> AgentLimits { get; init; } = static () => new();

    /// <summary>
    /// How long an agent that has a deployment's lease may be silent until another one that asks gets it; 1 second to 1 minute. Holders and those that
    /// stand by ask five times in that time, at most once a second.
    /// </summary>
    public TimeSpan LeaseSilence { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long an agent waits for the balancer of a cluster to rest; 1 second to 1 hour.</summary>
    public TimeSpan BalancerPatience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What download links lead to; null: none is served.</summary>
    public Downloads.IDownloads? Downloads { get; init; }

    /// <summary>How much may go on at download links.</summary>
    public Downloads.DownloadLimits DownloadLimits { get; init; } = new();
}

/// <summary>What agents' certificates are to the server.</summary>
public enum ClientCertificatePolicy
{
    /// <summary>None is issued, and none is asked for.</summary>
    Off,

    /// <summary>Issued to whoever asks for one, and checked where one is presented; the key alone is enough.</summary>
    Accepted,

    /// <summary>No request without one, except for the enrolment.</summary>
    Required,
}
