using Backup.Metadata;

namespace Backup.AlertService.Watch;

/// <summary>
/// Reads the tasks that conditions are judged by: those that go on, and of each subject the newest verification that came to an end, however many others there were
/// since. What was seen is remembered.
/// </summary>
internal sealed class JobsReader(IMetadataStore metadata)
{
    private const string Verify = "verify";

    /// <summary>Looked at with each round.</summary>
    private const int Newest = 500;

    /// <summary>Of a subject that is seen for the first time: some may be queued or cancelled.</summary>
    private const int NewestOfSubject = 20;

    private readonly Dictionary<string, JobRecord?> _verified = new(StringComparer.Ordinal);
    private readonly HashSet<string> _open = new(StringComparer.Ordinal);

    /// <param name="subjects">Ids of replica sets and clusters.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<JobRecord>> ReadAsync(
        IReadOnlyCollection<string> subjects,
        CancellationToken cancellation
    )
    {
        foreach (var gone in _verified.Keys.Except(subjects, StringComparer.Ordinal).ToList())
        {
            _verified.Remove(gone);
        }

        foreach (var subject in subjects.Where(one => !_verified.ContainsKey(one)))
        {
            var query = new JobQuery([subject], NewestOfSubject) { Kinds = [Verify] };
            _verified[subject] = null;
            (await metadata.Jobs.FindAsync(query, cancellation)).ToList().ForEach(Remember);
        }

        var newest = await metadata.Jobs.ListAsync(Newest, cancellation);
        newest.ToList().ForEach(Remember);
        return [.. await OpenAsync(newest, cancellation), .. _verified.Values.OfType<JobRecord>()];
    }

    /// <summary>One that goes on for long is not among the newest any more.</summary>
    private async Task<List<JobRecord>> OpenAsync(IReadOnlyList<JobRecord> newest, CancellationToken cancellation)
    {
        var open = newest.Where(IsOpen).ToList();
        var seen = newest.Select(static one => one.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var id in _open.Except(seen, StringComparer.Ordinal).ToList())
        {
            if (await metadata.Jobs.FindAsync(id, cancellation) is { } job && IsOpen(job))
            {
                open.Add(job);
            }
        }

        _open.Clear();
        _open.UnionWith(open.Select(static one => one.Id));
        return open;
    }

    private void Remember(JobRecord job)
    {
        if (
            job is { Kind: Verify, State: JobState.Succeeded or JobState.Failed, ReplicaSetId: { } subject }
            && _verified.TryGetValue(subject, out var known)
            && (known is null || job.FinishedAt >= known.FinishedAt)
        )
        {
            _verified[subject] = job;
        }
    }

    private static bool IsOpen(JobRecord job) => job.State is JobState.Queued or JobState.Running;
}
