namespace Backup.MongoWire.Client;

/// <summary>
/// How fresh a server's word about itself is: replies of one process compare by their counter, those of different processes do not.
/// Source: the driver specification "server discovery and monitoring".
/// </summary>
/// <param name="ProcessId">12 bytes as hex; another one after each start of the server.</param>
/// <param name="Counter">Grows with each change of the server's state.</param>
public readonly record struct TopologyVersion(string ProcessId, long Counter)
{
    /// <summary>
    /// Less than 0: the second is (or has to be taken as) newer; 0: the same; more than 0: the second is older. What does not compare
    /// counts as newer.
    /// </summary>
    public static int Compare(TopologyVersion? known, TopologyVersion? arrived) =>
        known is { } first && arrived is { } second && first.ProcessId == second.ProcessId
            ? first.Counter.CompareTo(second.Counter)
            : -1;
}
