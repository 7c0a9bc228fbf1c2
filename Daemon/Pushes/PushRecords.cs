namespace Backup.Daemon.Pushes;

/// <summary>How a push works.</summary>
public sealed record PushOptions
{
    /// <summary>Between the attempts to get a connection back that was cut; after the last one the push is given up. Counted anew whenever the far side has more than before.</summary>
    public IReadOnlyList<TimeSpan> Pauses { get; init; } =
    [.. new[] { 1, 2, 4, 8, 15, 30, 60, 60 }.Select(static seconds => TimeSpan.FromSeconds(seconds))];

    /// <summary>A push that fails leaves what was sent, for the next one to go on from; else it is removed.</summary>
    public bool KeepsPart { get; init; } = true;

    /// <summary>Compressed: an archive as a whole, of files each.</summary>
    public bool Gzip { get; init; }

    /// <summary>Nothing is sent where the far side has less room than is expected to be needed.</summary>
    public bool ChecksSpace { get; init; } = true;
}

/// <summary>How far a push is.</summary>
/// <param name="Phase">What is done now: <c>connect</c>, <c>send</c>, <c>verify</c>, <c>wait</c> (the connection was cut), or <c>replay</c> before all of it.</param>
/// <param name="File">Which file; empty where it is none.</param>
/// <param name="Bytes">Of everything, so far; what an earlier attempt sent counts.</param>
/// <param name="ExpectedBytes">An estimate.</param>
public sealed record PushProgress(string Phase, string File, long Bytes, long ExpectedBytes);

/// <summary>One file that is on the far side under its name.</summary>
/// <param name="Path">On the far side.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">64 hex digits.</param>
public sealed record PushedFile(string Path, long Bytes, string Sha256)
{
    /// <summary>It was there before, whole.</summary>
    public bool WasThere { get; init; }

    /// <summary>Bytes of it that an earlier attempt had sent.</summary>
    public long Resumed { get; init; }

    /// <summary>The far side hashed it itself; else it was read back.</summary>
    public bool HashedThere { get; init; }

    /// <summary>The far side says that it is on its disk.</summary>
    public bool IsSynced { get; init; }
}

/// <summary>What a push brought.</summary>
/// <param name="Path">Of the file, or of the folder, on the far side.</param>
/// <param name="Sums">Of the file with the hashes, on the far side.</param>
/// <param name="Files">All of them, without the sums.</param>
/// <param name="Documents">In them.</param>
/// <param name="Cuts">How often the connection was cut and came back.</param>
public sealed record PushResult(string Path, string Sums, IReadOnlyList<PushedFile> Files, long Documents, int Cuts);
