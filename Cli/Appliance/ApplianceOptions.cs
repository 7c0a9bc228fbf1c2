using System.Net;
using Backup.Cli.Configuration;

namespace Backup.Cli.Appliance;

/// <summary>What of an appliance a process is.</summary>
internal enum ApplianceRole
{
    /// <summary>All of it, and an agent as a child.</summary>
    Whole,

    /// <summary>Serves agents and people; heads are kept by daemons elsewhere. Any number on the same stores.</summary>
    Server,

    /// <summary>Only reads what is there: no agent is served, no head is kept.</summary>
    Offline,
}

/// <summary>How an appliance is started.</summary>
internal sealed record ApplianceOptions
{
    /// <summary>The deployments to protect, besides those that are already; none at all: a sandbox.</summary>
    internal IReadOnlyList<string> Protect { get; init; } = [];

    /// <summary>Web interface and public API. 1 to 65535, or 0 for any.</summary>
    internal int HttpPort { get; init; } = 8080;

    /// <summary>Where they are served: on loopback without TLS, anywhere else with it.</summary>
    internal IPAddress HttpAddress { get; init; } = IPAddress.Loopback;

    /// <summary>TLS, for agents. 1 to 65535, or 0 for any.</summary>
    internal int AgentsPort { get; init; } = 8081;

    /// <summary>Names and addresses by which agents reach this host, besides localhost and the host's own name; the first is the one that users are told.</summary>
    internal IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>The mongods of restores to data files, <c>VERSION=PATH</c> each, before those of the environment.</summary>
    internal IReadOnlyList<string> Mongods { get; init; } = [];

    /// <summary>The configuration file and the environment, for what is no option.</summary>
    internal required ApplianceConfiguration Configuration { get; init; }

    /// <summary>What of an appliance the process is.</summary>
    internal ApplianceRole Role { get; init; }

    internal bool Offline => Role == ApplianceRole.Offline;

    /// <summary>Log lines to standard error, not only to the file.</summary>
    internal bool Verbose { get; init; }
}
