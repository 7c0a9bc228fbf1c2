using Backup.Foundation;

namespace Backup.Metadata.Alerting;

/// <summary>From when on what happens to a collection is an alert.</summary>
public static class MassChange
{
    /// <summary>The condition's name.</summary>
    public const string Condition = "mass-change";

    /// <summary>Times of what is usual.</summary>
    public const double Warning = 3;

    /// <summary>Times of what is usual.</summary>
    public const double Critical = 10;

    /// <summary>What comes within that time after the last of it belongs to the same burst.</summary>
    public static readonly TimeSpan SameBurst = TimeSpan.FromHours(1);
}

/// <summary>What documents were lost or changed by. Frozen: the numbers are persisted.</summary>
[Flags]
public enum BurstKinds
{
    None = 0,
    Updates = 1,
    Deletes = 2,

    /// <summary>Whole collections were dropped, renamed over, or emptied.</summary>
    Drops = 4,
}

/// <summary>More operations of a kind than are usual, as a follower of the oplog saw them.</summary>
/// <param name="DeploymentId">The deployment that users know: a cluster's, for each of its shards.</param>
/// <param name="Namespace">A collection, or <c>db.*</c> where several of a database were dropped.</param>
/// <param name="Kinds">What happened.</param>
/// <param name="First">Nothing of it is before this entry.</param>
/// <param name="LastAt">The last of it that was seen.</param>
/// <param name="Documents">How many documents since the last time this burst was told of.</param>
/// <param name="Most">The most in one span.</param>
/// <param name="Usual">What is usual in one span, or what is always let pass; 1 or more.</param>
/// <param name="Span">A minute, or an hour.</param>
public sealed record BurstSighting(
    string DeploymentId,
    string Namespace,
    BurstKinds Kinds,
    Optime First,
    DateTimeOffset LastAt,
    long Documents,
    long Most,
    long Usual,
    TimeSpan Span
)
{
    public double Factor => (double)Most / Usual;
}

/// <summary>A burst of deletes, drops or overwrites, of all shards together.</summary>
/// <param name="Id">Ours.</param>
/// <param name="DeploymentId">See <see cref="BurstSighting"/>.</param>
/// <param name="Namespace">See <see cref="BurstSighting"/>.</param>
/// <param name="Kinds">Of all sightings.</param>
/// <param name="First">Of all sightings the earliest.</param>
/// <param name="LastAt">Of all sightings the latest.</param>
/// <param name="Documents">Of all sightings together.</param>
/// <param name="Most">Of the sighting that was furthest beyond what is usual, as the two behind it.</param>
/// <param name="KeptUntil">The moment before it is kept until then, unless it is ended before.</param>
public sealed record BurstRecord(
    string Id,
    string DeploymentId,
    string Namespace,
    BurstKinds Kinds,
    Optime First,
    DateTimeOffset LastAt,
    long Documents,
    long Most,
    long Usual,
    TimeSpan Span,
    DateTimeOffset KeptUntil
)
{
    public double Factor => (double)Most / Usual;

    /// <summary>The moment before it: everything before the second of the first of it. Restores name it so.</summary>
    public DateTimeOffset Before => DateTimeOffset.FromUnixTimeSeconds(First.T);

    /// <summary>Of how many replica sets the moment before it is held; 0: it cannot be restored.</summary>
    public int HeldSets { get; init; }

    /// <summary>When somebody said that it is settled; null while nobody has.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Of the hold on what the moment before it is restored from.</summary>
    public string HoldOf(string replicaSetId) => $"{ReadHold.BurstPrefix}{Id}-{replicaSetId}";
}

/// <summary>What a follower has learnt of a replica set.</summary>
/// <param name="ReplicaSetId">Which.</param>
/// <param name="Since">The first second that it counted.</param>
/// <param name="Through">Everything up to and including this entry is counted.</param>
public sealed record RadarRecord(string ReplicaSetId, uint Since, Optime Through);

/// <summary>What is usual of one collection.</summary>
/// <param name="Namespace">Its name; one that is dropped and made again is the same.</param>
/// <param name="Content">Opaque to the catalogue (docs/formats/learnt-rates.md).</param>
public sealed record LearntRates(string Namespace, byte[] Content);
