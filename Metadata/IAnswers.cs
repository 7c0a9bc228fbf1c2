namespace Backup.Metadata;

/// <summary>
/// What requests with an idempotency key were answered: the same request again is answered the same and does nothing. A row is one of
/// <paramref name="CallerId"/> and <paramref name="Key"/>.
/// </summary>
/// <param name="CallerId">Whose key it is.</param>
/// <param name="Key">As it was sent.</param>
/// <param name="Request">SHA-256 of all of the request that matters.</param>
/// <param name="Status">Of HTTP; null while it is in work.</param>
/// <param name="Body">JSON; null where there is none, or where it is not kept.</param>
/// <param name="Location">The header of that name; null where there is none.</param>
/// <param name="At">When it came.</param>
public sealed record AnswerRecord(
    string CallerId,
    string Key,
    byte[] Request,
    int? Status,
    byte[]? Body,
    string? Location,
    DateTimeOffset At
);

public interface IAnswers
{
    /// <summary>
    /// Adds a row in work, in one step with the look whether there is one, and removes those from before <paramref name="forgetBefore"/>.
    /// </summary>
    /// <returns>The row that was there; null where this one was added.</returns>
    Task<AnswerRecord?> BeginAsync(
        AnswerRecord row,
        DateTimeOffset forgetBefore,
        CancellationToken cancellation = default
    );

    /// <summary>Stores the answer. Nothing happens where there is no such row.</summary>
    Task EndAsync(
        string callerId,
        string key,
        int status,
        byte[]? body,
        string? location,
        CancellationToken cancellation = default
    );

    /// <summary>Forgets it: the request did nothing, and may come again.</summary>
    Task RemoveAsync(string callerId, string key, CancellationToken cancellation = default);
}
