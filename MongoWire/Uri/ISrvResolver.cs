namespace Backup.MongoWire.Uri;

/// <summary>The two look-ups of mongodb+srv. Source: the driver specification "initial DNS seedlist discovery".</summary>
public interface ISrvResolver
{
    /// <summary>The targets of an SRV record, for example of <c>_mongodb._tcp.cluster0.example.com</c>.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2102 where there are none or nobody answers.</exception>
    Task<IReadOnlyList<SrvTarget>> ResolveSrvAsync(string name, CancellationToken cancellation);

    /// <summary>The TXT records of a name, the strings of each joined; empty where there are none.</summary>
    Task<IReadOnlyList<string>> ResolveTxtAsync(string name, CancellationToken cancellation);
}

/// <param name="Host">Lower case, without the closing dot.</param>
/// <param name="Ttl">How long the answer may be kept.</param>
public readonly record struct SrvTarget(string Host, int Port, int Priority, int Weight, TimeSpan Ttl);
