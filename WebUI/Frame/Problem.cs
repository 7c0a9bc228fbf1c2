namespace Backup.WebUI.Frame;

/// <summary>What went wrong, as RFC 9457 has it.</summary>
/// <param name="Type">Where the error is described.</param>
/// <param name="Title">Of the status.</param>
/// <param name="Status">Of HTTP.</param>
/// <param name="Detail">What is wrong, and where.</param>
/// <param name="Code">The number, for example BK8503; it never changes its meaning.</param>
/// <param name="Hint">What to do.</param>
/// <param name="Instance">The request's id, which the log has too.</param>
public sealed record Problem(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Code,
    string Hint,
    string Instance
)
{
    /// <summary>The field of the request that is wrong, as its JSON spells it.</summary>
    public string? Field { get; init; }

    /// <summary>The same request may succeed later without anybody changing anything.</summary>
    public bool Transient { get; init; }

    /// <summary>True where the password has to be given again first: POST /api/v1/session/confirm.</summary>
    public bool? Reauthenticate { get; init; }

    /// <summary>True where the code of the second factor is missing.</summary>
    public bool? CodeNeeded { get; init; }
}
