namespace Backup.Metadata;

/// <summary>
/// Whom the work under way is for, as audit records name them: it follows the work through every call and task that it starts. Where nobody
/// was named it is the user of the operating system whose process this is.
/// </summary>
public sealed class AuditActor
{
    private static readonly AsyncLocal<AuditActor?> Named = new();

    private AuditActor(string name, string from, string? groupId)
    {
        Name = name;
        From = from;
        GroupId = groupId;
    }

    public static AuditActor Current => Named.Value ?? new AuditActor(Environment.UserName, "local", null);

    /// <summary><see cref="AuditRecord.Actor"/>.</summary>
    public string Name { get; }

    /// <summary><see cref="AuditRecord.From"/>.</summary>
    public string From { get; }

    /// <summary><see cref="AuditRecord.GroupId"/>.</summary>
    public string? GroupId { get; }

    /// <summary>From here on, until what is given back is disposed.</summary>
    public static IDisposable Begin(string name, string from, string? groupId = null)
    {
        var before = Named.Value;
        Named.Value = new AuditActor(name, from, groupId);
        return new End(before);
    }

    private sealed class End(AuditActor? before) : IDisposable
    {
        public void Dispose() => Named.Value = before;
    }
}
