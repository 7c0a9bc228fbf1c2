namespace Backup.Snapshots.Reading;

/// <param name="Namespace">Being read now.</param>
/// <param name="Documents">Read so far, in all.</param>
/// <param name="Bytes">BSON bytes read so far, in all.</param>
/// <param name="ExpectedBytes">An estimate from the manifest; may be off by what was updated or deleted.</param>
public readonly record struct ReadProgress(string Namespace, long Documents, long Bytes, long ExpectedBytes);

/// <summary>Counts what is read and tells of it every few megabytes.</summary>
internal sealed class ProgressTeller(IProgress<ReadProgress>? progress, long expectedBytes)
{
    private const long Step = 4 * 1024 * 1024;
    private long _nextAt = Step;

    internal long Documents { get; private set; }

    internal long Bytes { get; private set; }

    internal void Add(string name, int bytes, int documents = 1)
    {
        Documents += documents;
        Bytes += bytes;
        if (Bytes >= _nextAt)
        {
            _nextAt = Bytes + Step;
            progress?.Report(new ReadProgress(name, Documents, Bytes, expectedBytes));
        }
    }
}
