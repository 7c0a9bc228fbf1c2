namespace Backup.Metadata.Alerting;

/// <summary>What is usual for collections, and what went beyond it.</summary>
public interface IRadar
{
    /// <summary>What was learnt of the replica set; null where nothing was.</summary>
    Task<RadarRecord?> FindAsync(string replicaSetId, CancellationToken cancellation = default);

    /// <summary>By collection.</summary>
    Task<IReadOnlyList<LearntRates>> RatesAsync(string replicaSetId, CancellationToken cancellation = default);

    /// <summary>Stores how far it has counted, what changed, and forgets the others, in one step.</summary>
    /// <param name="radar">6009 where there is no such replica set.</param>
    /// <param name="changed">In the place of what is known of these.</param>
    /// <param name="forgotten">Namespaces.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task SaveAsync(
        RadarRecord radar,
        IReadOnlyList<LearntRates> changed,
        IReadOnlyList<string> forgotten,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// Adds what was seen to the burst of that deployment and namespace that is open and not over for longer than <see cref="MassChange.SameBurst"/>, or opens one:
    /// so that a cluster's shards, whoever follows them, have one.
    /// </summary>
    /// <param name="sighting">What was seen.</param>
    /// <param name="keptUntil">Of a new one.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<BurstRecord> RecordAsync(
        BurstSighting sighting,
        DateTimeOffset keptUntil,
        CancellationToken cancellation = default
    );

    /// <summary>Those that are not ended and whose time is not over, oldest first.</summary>
    Task<IReadOnlyList<BurstRecord>> OpenAsync(CancellationToken cancellation = default);

    /// <summary>Null where there is none; also of one that is ended.</summary>
    Task<BurstRecord?> FindBurstAsync(string id, CancellationToken cancellation = default);

    /// <summary>Ends those whose alert somebody has resolved, and releases what was held for them, in one step; their number.</summary>
    Task<int> EndResolvedAsync(CancellationToken cancellation = default);

    /// <summary>Forgets those that were over before that moment; their number.</summary>
    Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default);
}
