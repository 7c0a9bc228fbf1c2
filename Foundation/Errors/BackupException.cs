namespace Backup.Foundation.Errors;

/// <summary>
/// The one exception of the product: a number that never changes its meaning, what is wrong and where,
/// and what the operator can do about it. The same number stands in logs, API answers and CLI output.
/// Each room makes its own in a static class <c>&lt;Room&gt;Errors</c>; docs/errors.md lists them all.
/// </summary>
/// <remarks>
/// Ranges: Foundation 1000, MongoWire 2000, Sandbox 2500, MongoQuery 2600, Oplog 3000, Snapshots 4000, Blockstore 5000,
/// Metadata 6000, Agent 7000, BackupHttpServer 8000, WebUI 8500, AlertService 8800, Daemon 9000, Cli 9500.
/// </remarks>
public class BackupException : Exception
{
    /// <param name="number">1000 to 9999, unique in the product, frozen once released.</param>
    /// <param name="message">What is wrong, and where; no secret in it.</param>
    /// <param name="hint">What to do next, as an instruction.</param>
    /// <param name="transient">Whether the same call may succeed later without anybody changing anything.</param>
    public BackupException(int number, string message, string hint, bool transient = false, Exception? inner = null)
        : base(message, inner)
    {
        Number = number;
        Hint = hint;
        IsTransient = transient;
    }

    public int Number { get; }

    /// <summary>For example <c>BK7001</c>.</summary>
    public string Code => $"BK{Number:0000}";

    public string Hint { get; }

    public bool IsTransient { get; }

    /// <summary>
    /// What of a request is wrong, as the request's JSON names it (<c>retention.daily</c>: a part of a part), so that a form can mark the input. Null
    /// where no single one is.
    /// </summary>
    public string? Field { get; init; }

    public override string ToString() => $"{Code}: {base.ToString()}\nHint: {Hint}";
}
