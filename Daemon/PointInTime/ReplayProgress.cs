using Backup.Foundation;

namespace Backup.Daemon.PointInTime;

/// <summary>How far the oplog is replayed over a base.</summary>
/// <param name="At">The last entry applied.</param>
/// <param name="Bytes">Raw bytes of oplog read so far.</param>
/// <param name="ExpectedBytes">All that are to be read; may be off by a slice.</param>
public readonly record struct ReplayProgress(Optime At, long Bytes, long ExpectedBytes);
