namespace Backup.WebUI.Errors;

/// <summary>A numbered error, explained.</summary>
/// <param name="Code">For example BK9514.</param>
/// <param name="Name">What the sources call it.</param>
/// <param name="Part">The part of the product that makes it.</param>
/// <param name="SaidBy">Who says it and where its log is: a sentence or two.</param>
/// <param name="Transient">True where the same may succeed later without anybody changing anything.</param>
/// <param name="Texts">What is wrong and what to do; some numbers come with several. Words in angle brackets stand for what the error is about.</param>
/// <param name="Why">Why it comes, what follows, where to look, as Markdown; null where what it says is all there is.</param>
public sealed record ErrorArticle(
    string Code,
    string Name,
    string Part,
    string SaidBy,
    bool Transient,
    IReadOnlyList<ErrorText> Texts,
    string? Why
);

/// <param name="Message">What is wrong, and where.</param>
/// <param name="Hint">What to do.</param>
public sealed record ErrorText(string Message, string Hint);
