namespace Backup.MongoWire.Client.Discovery;

/// <summary>Where a connection comes from, and who is told of what goes wrong on it.</summary>
/// <param name="Generation">Its pool's, when it was opened.</param>
/// <param name="Failed">Null for connections that only watch: their failures are the answer.</param>
internal sealed record ConnectionOrigin(int Generation, Action<ApplicationError>? Failed)
{
    internal static readonly ConnectionOrigin Monitor = new(0, null);
}
