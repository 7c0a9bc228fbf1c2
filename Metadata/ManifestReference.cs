namespace Backup.Metadata;

/// <summary>A reference from the catalogue into the block store.</summary>
/// <param name="ManifestBlock">Hex id of the manifest's block.</param>
/// <param name="Name">What refers to it, for people: <c>snapshot ID</c>, <c>head of SET</c>.</param>
/// <param name="IsHold">It is held for somebody who reads, and may have been removed before that.</param>
public sealed record ManifestReference(string ManifestBlock, string Name, bool IsHold = false)
{
    /// <summary>Of which replica set.</summary>
    public required string ReplicaSetId { get; init; }
}
