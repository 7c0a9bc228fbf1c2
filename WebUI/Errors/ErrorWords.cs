namespace Backup.WebUI.Errors;

/// <summary>An error's article in words for a terminal.</summary>
public static class ErrorWords
{
    /// <summary>Whether somebody has to do something.</summary>
    public static string OfTransience(ErrorArticle article) =>
        article.Transient
            ? "It is tried again by itself; it may go away without anybody doing anything."
            : "It stays until its cause is removed.";

    /// <summary>Lines, without Markdown's marks.</summary>
    public static IEnumerable<string> Lines(ErrorArticle article)
    {
        yield return $"{article.Code} {article.Name}";
        foreach (var text in article.Texts)
        {
            yield return "";
            yield return $"What is wrong: {text.Message}";
            yield return $"What to do:    {text.Hint}";
        }

        yield return "";
        if (article.Why is { } why)
        {
            yield return "Why:";
            yield return MarkdownText.Plain(why);
            yield return "";
        }

        yield return $"{MarkdownText.Plain(article.SaidBy)} {OfTransience(article)}";
    }
}
