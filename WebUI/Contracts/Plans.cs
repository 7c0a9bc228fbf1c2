namespace Backup.WebUI.Contracts;

/// <summary>What is restored, and of when. Without a snapshot or a moment it is the newest snapshot; at most one of the three.</summary>
public abstract record RestorePlan
{
    /// <summary>Id or name of the deployment.</summary>
    public required string Deployment { get; init; }

    /// <summary>Its id.</summary>
    public string? Snapshot { get; init; }

    /// <summary><c>T,I</c>: up to and including that oplog entry.</summary>
    public string? Optime { get; init; }

    /// <summary>Before that second; parts of a second are not told apart.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary><c>db</c>, <c>db.coll</c> or <c>db.prefix*</c>; none: everything.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];
}

/// <summary>A download link.</summary>
public sealed record LinkPlan : RestorePlan
{
    /// <summary>archive, directory or ndjson.</summary>
    public string Format { get; init; } = "archive";

    public bool Gzip { get; init; }

    /// <summary>How long it is good; a minute to 30 days.</summary>
    public double Seconds { get; init; } = 3600;

    /// <summary>How many downloads it is good for; 1 to 1000.</summary>
    public int Uses { get; init; } = 1;

    /// <summary>Size and sum are found out at once.</summary>
    public bool Checksum { get; init; } = true;
}

/// <summary>A read-only MongoDB, on the appliance's host.</summary>
public sealed record ServePlan : RestorePlan
{
    /// <summary>The IP address to listen on.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>0 takes one that is free.</summary>
    public int Port { get; init; }

    /// <summary>Then it closes by itself; a second to 366 days.</summary>
    public double Seconds { get; init; } = 24 * 3600;

    /// <summary>Left out: one is made.</summary>
    public string? User { get; init; }

    /// <summary>At least 12 characters; left out: one is made, and told once.</summary>
    public string? Password { get; init; }

    /// <summary>False only on loopback.</summary>
    public bool Tls { get; init; } = true;
}

/// <summary>A push over SSH.</summary>
public sealed record PushPlan : RestorePlan
{
    /// <summary>As the group's SSH targets are named.</summary>
    public required string Target { get; init; }

    /// <summary>Below the target's folder; empty for the folder itself.</summary>
    public string Subfolder { get; init; } = "";

    /// <summary>The single files of a mongodump directory; else one archive.</summary>
    public bool Files { get; init; }

    public bool Gzip { get; init; }

    /// <summary>Nothing is sent where there is too little room.</summary>
    public bool ChecksSpace { get; init; } = true;

    /// <summary>A push that fails leaves what was sent, to be gone on with.</summary>
    public bool KeepsPart { get; init; } = true;
}

/// <summary>Straight into MongoDB.</summary>
public sealed record IntoPlan : RestorePlan
{
    /// <summary>Where to; it may hold a password, which is kept only as long as the restore runs.</summary>
    public required string Uri { get; init; }

    /// <summary>Collections of the target that are in the way are removed first.</summary>
    public bool Drop { get; init; }

    /// <summary>Batches under way at the same time; 1 to 64.</summary>
    public int Parallelism { get; init; } = 4;

    /// <summary>Goes on with one that was broken off.</summary>
    public bool Resume { get; init; }

    /// <summary><c>from=to</c>.</summary>
    public IReadOnlyList<string> Renames { get; init; } = [];

    /// <summary>With users and roles.</summary>
    public bool Users { get; init; }

    /// <summary>In the end the documents are counted, and not hashed.</summary>
    public bool Counted { get; init; }

    /// <summary>Nothing is written; what a restore would meet is told.</summary>
    public bool DryRun { get; init; }
}

/// <summary>A restore that goes on by itself; exactly one of the two.</summary>
public sealed record RestorePlans
{
    public PushPlan? Push { get; init; }

    public IntoPlan? Into { get; init; }
}
