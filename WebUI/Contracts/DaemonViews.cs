namespace Backup.WebUI.Contracts;

/// <param name="Name">As jobs and leases name it.</param>
/// <param name="Running">False while it is being started again, and where it has given no sign of life for a while.</param>
/// <param name="ReplicaSets">Whose heads it keeps.</param>
/// <param name="Jobs">Under way.</param>
/// <param name="Trouble">What is wrong with it; left out where nothing is.</param>
public sealed record DaemonView(string Name, bool Running, int ReplicaSets, int Jobs, string? Trouble)
{
    /// <summary>Where it runs.</summary>
    public string Host { get; init; } = "";

    /// <summary>Of the program; empty where it has not said so.</summary>
    public string Version { get; init; } = "";

    /// <summary>How much it takes beside others, 1 to 1000.</summary>
    public int Weight { get; init; }

    /// <summary>It gives its heads to others and takes none.</summary>
    public bool Drains { get; init; }

    /// <summary>On the disk of its own folder.</summary>
    public long FreeBytes { get; init; }

    /// <summary>Since when it runs.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Its last sign of life.</summary>
    public DateTimeOffset? SeenAt { get; init; }

    /// <summary>When it said that it stops; left out while it runs, or where it was killed.</summary>
    public DateTimeOffset? StoppedAt { get; init; }
}

/// <summary>Which daemon keeps a head.</summary>
/// <param name="Id">Of the replica set.</param>
/// <param name="ReplicaSet">Its name.</param>
/// <param name="Deployment">The name of its deployment.</param>
/// <param name="Daemon">Who keeps it; left out where nobody does now.</param>
/// <param name="Since">When it was taken; left out where it never was.</param>
/// <param name="Wish">Who is to keep it; left out: whoever likes.</param>
public sealed record HeadPlaceView(
    string Id,
    string ReplicaSet,
    string Deployment,
    string? Daemon,
    DateTimeOffset? Since,
    string? Wish
);

/// <param name="Daemon">Who is to keep the head from now on; null: whoever likes.</param>
public sealed record HeadMove(string? Daemon);
