namespace Backup.Snapshots.Reading;

/// <param name="Namespace">Being read now.</param>
/// <param name="Documents">Read so far, in all.</param>
/// <param name="Bytes">BSON bytes read so far, in all.</param>
/// <param name="ExpectedBytes">An estimate from the manifest; may be off by what was updated or deleted.</param>
public readonly record struct ReadProgress(string Namespace, long Documents, long Bytes, long ExpectedBytes);
